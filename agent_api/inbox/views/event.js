/** What happened to a conversation, as one quiet line. */
import { eventName } from '../arrange.js';
import { accountName, actorName, channelName, clockTime, exactTime, shownAt } from '../format.js';
import { html } from '../html.js';
import { has, t } from '../i18n.js';
import { session } from '../store.js';

/** @param {import('../types.js').Message} line */
function words(line) {
  const name = eventName(line);
  const event = line.event || {};
  const to = event.assignee ?? event.to ?? null;
  const by = actorName(line.author);
  const mine = line.author.id === session.value?.id;
  if (name === 'assigned') {
    if (!to) return t(mine ? 'event.released.you' : 'event.released', { by });
    if (to.id === line.author.id) return t(mine ? 'event.taken.you' : 'event.taken', { by });
    return t(mine ? 'event.assigned.you' : 'event.assigned', { by, name: actorName(to) });
  }
  const key = `event.${name}${mine ? '.you' : ''}`;
  return has(key) ? t(key, { by }) : t('event.other', { by });
}

/** @param {{line: import('../types.js').Message}} props */
export function Event({ line }) {
  return html`<p class="event">${words(line)} <time title=${exactTime(shownAt(line))}>${clockTime(shownAt(line))}</time></p>`;
}

/** @param {import('../types.js').Message} line */
export function channelSwitch(line) {
  const values = { name: line.author.name || t('actor.someone'), channel: channelName(line.channel), account: accountName(line.account) };
  return t(line.direction === 'in' ? 'event.channel.theirs' : 'event.channel.ours', values);
}

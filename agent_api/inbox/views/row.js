/** One row of the list: who, since when, what was said last, and what needs doing. */
import { cell, waitingSince } from '../conversations.js';
import { draft, isBlank } from '../drafts.js';
import { actorName, ago, channelName, channelTint, clockTime, exactTime, gist, personName, spanText } from '../format.js';
import { html } from '../html.js';
import { t } from '../i18n.js';
import { go } from '../place.js';
import { now, searching, session, typing } from '../store.js';
import { Face } from './face.js';

const SOON = 4 * 3600_000;

/** @param {{id: string, chosen: boolean, entry: boolean}} props */
export function Row({ id, chosen, entry }) {
  const conversation = cell(id).value;
  if (!conversation) return null;
  const { person, last_message: last, channel } = conversation;
  const unread = conversation.unread > 0;
  return html`<li class=${`row ${channelTint(channel)}${unread ? ' unread' : ''}`} role="option" id=${`row-${id}`}
    aria-selected=${chosen} tabindex=${entry ? 0 : -1} onClick=${() => go({ id })}>
    <${Face} person=${person} />
    <div class="top"><span class="name"><bdi>${personName(person)}</bdi></span>
      ${unread && html`<span class="unseen">${t('row.unread', { n: conversation.unread })}</span>`}
      <${Waiting} conversation=${conversation} /></div>
    <div class="last"><span class="channel">${channelName(channel)}</span>
      <span class="words">${typing.value.has(id) ? html`<em>${t('row.typing')}</em>` : html`<${Last} last=${last} />`}</span></div>
    <${Needs} conversation=${conversation} />
  </li>`;
}

/** @param {{last: import('../types.js').Message|null}} props */
function Last({ last }) {
  if (!last) return html`<em>${t('row.nothing')}</em>`;
  const who = last.direction === 'out' ? t('row.by', { name: actorName(last.author) }) : '';
  return html`${who && html`<span class="by">${who} </span>`}<bdi>${gist(last)}</bdi>`;
}

/** How long somebody waits; else when anything happened last. @param {{conversation: import('../types.js').Conversation}} props */
function Waiting({ conversation }) {
  const since = waitingSince(conversation);
  if (!since) return html`<time class="when" title=${exactTime(conversation.updated_at)}>${ago(conversation.updated_at)}</time>`;
  const due = Date.parse(conversation.due_at || '');
  const late = due < now.value;
  const span = spanText(now.value - since);
  const words = late ? t('row.late', { span }) : t('row.waiting', { span });
  return html`<time class=${late ? 'when late' : 'when'} title=${t('row.due', { time: clockTime(conversation.due_at || '') })}>${words}</time>`;
}

/** @param {{conversation: import('../types.js').Conversation}} props */
function Needs({ conversation }) {
  const { reply_window: window, last_message: last, assignee, status } = conversation;
  const closes = window?.open && window.closes_at ? Date.parse(window.closes_at) - now.value : Infinity;
  const needs = [
    last?.direction === 'out' && last.status === 'failed' && ['bad', t('row.failed')],
    last?.direction === 'out' && last.status === 'uncertain' && ['warn', t('row.uncertain')],
    status !== 'resolved' && window && !window.open && ['', t('row.window_closed')],
    closes > 0 && closes < SOON && ['warn', t('row.window', { span: spanText(closes) })],
    !isBlank(draft(conversation.id).value) && ['', t('row.draft')],
    assignee && assignee.id !== session.value?.id && ['', t('row.assigned', { name: actorName(assignee) })],
    assignee && assignee.id === session.value?.id && ['', t('row.yours')],
    searching.value && status !== 'open' && ['', t(`status.${status}`)],
  ].filter(Boolean);
  if (!needs.length) return null;
  return html`<div class="needs">${needs.map((/** @type {any} */ [tone, words]) => html`<span key=${words} class=${tone}>${words}</span>`)}</div>`;
}

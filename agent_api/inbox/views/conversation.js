/** One conversation: its header, its lines, and where one writes. */
import { claim, reopen, release, resolve } from '../actions.js';
import { Problem } from '../api.js';
import { cell, fetchOne } from '../conversations.js';
import { actorName, channelName, channelTint, identityChannel, personName } from '../format.js';
import { html, useEffect, useState } from '../html.js';
import { t } from '../i18n.js';
import { openTimeline } from '../lines.js';
import { go } from '../place.js';
import { connection, session, setSettings, settings } from '../store.js';
import { Composer } from './composer.js';
import { Face } from './face.js';
import { Icon } from './icons.js';
import { Timeline } from './timeline.js';

/** @typedef {import('../types.js').Conversation} Shape */

/** @param {{id: string}} props */
export function Conversation({ id }) {
  const [missing, setMissing] = useState('');
  const conversation = id ? cell(id).value : null;
  useEffect(() => {
    if (!id) return;
    openTimeline(id);
    fetchOne(id).catch((/** @type {Problem} */ error) => setMissing(error.status === 404 || error.status === 403 ? 'gone' : cell(id).value ? '' : 'failed'));
  }, []);
  if (!id) return html`<main class="conversation none" id="conversation" tabindex="-1" data-pane><p class="quiet">${t('conversation.choose')}</p></main>`;
  if (missing === 'gone' || (missing && !conversation)) return html`<${Missing} why=${missing} />`;
  return html`<main class="conversation" id="conversation" aria-labelledby="person-name" data-pane>
    <${Header} id=${id} conversation=${conversation} />
    ${connection.value === 'offline' && html`<p class="band bad one-pane"><${Icon} name="alert" size=${16} /> ${t('live.offline.long')}</p>`}
    ${conversation?.merged_into && html`<p class="band">${t('conversation.merged')} <button type="button" class="link"
      onClick=${() => go({ id: conversation.merged_into || '' }, true)}>${t('conversation.merged.go')}</button></p>`}
    <${Timeline} id=${id} />
    ${conversation && !conversation.merged_into && html`<${Composer} key=${id} id=${id} conversation=${conversation} />`}
  </main>`;
}

/** @param {{why: string}} props */
function Missing({ why }) {
  return html`<main class="conversation none" id="conversation" tabindex="-1" data-pane><div class="empty" role="alert">
    <p><strong>${t(`conversation.${why}`)}</strong></p>
    <button type="button" onClick=${() => (why === 'gone' ? go({ id: '' }, true) : window.location.reload())}>${why === 'gone' ? t('conversation.back') : t('again')}</button>
  </div></main>`;
}

/** @param {{id: string, conversation: Shape|null}} props */
function Header({ id, conversation }) {
  const person = settings.value.person;
  return html`<header class="head">
    <button type="button" class="bare back" aria-label=${t('conversation.back')} title=${t('conversation.back')} onClick=${() => go({ id: '' })}><${Icon} name="back" /></button>
    ${conversation && html`<${Face} person=${conversation.person} />`}
    <div class="who">
      <h1 id="person-name"><bdi>${conversation ? personName(conversation.person) : '\u00a0'}</bdi></h1>
      ${conversation && html`<${Chips} conversation=${conversation} />`}
    </div>
    ${conversation && html`<${Assigned} id=${id} conversation=${conversation} />`}
    ${conversation && (conversation.status === 'resolved'
      ? html`<button type="button" class="act" onClick=${() => reopen(id)}>${t('conversation.reopen')}</button>`
      : html`<button type="button" class="act primary" onClick=${() => resolve(id)}>${t('conversation.resolve')}</button>`)}
    <button type="button" class="bare" aria-pressed=${person} aria-label=${t('conversation.person')} title=${t('conversation.person')}
      onClick=${() => setSettings({ person: !person })}><${Icon} name="panel" /></button>
  </header>`;
}

/** Every channel the person can be met on; the one they last wrote from first. @param {{conversation: Shape}} props */
function Chips({ conversation }) {
  const others = conversation.person.identities.map(identityChannel).filter((one) => one !== 'phone' && one !== conversation.channel);
  const channels = [...new Set([conversation.channel, ...others])].filter(Boolean);
  return html`<p class="chips">
    ${channels.map((one) => html`<span key=${one} class=${`chip ${channelTint(one)}`}>${channelName(one)}</span>`)}
    ${conversation.status !== 'open' && html`<span class="chip plain">${t(`status.${conversation.status}`)}</span>`}
    ${conversation.priority > 0 && html`<span class="chip plain">${t('conversation.priority')}</span>`}
    ${conversation.labels.map((label) => html`<span key=${label} class="chip plain" dir="auto">${label}</span>`)}</p>`;
}

/** @param {{id: string, conversation: Shape}} props */
function Assigned({ id, conversation }) {
  const { assignee } = conversation;
  const mine = assignee?.id === session.value?.id;
  return html`<div class="assigned">
    <span class="assignee">${assignee ? (mine ? t('conversation.yours') : t('conversation.assigned', { name: actorName(assignee) })) : t('conversation.nobody')}</span>
    ${mine
      ? html`<button type="button" class="link" onClick=${() => release(id)}>${t('conversation.release')}</button>`
      : html`<button type="button" class="link" onClick=${() => claim(id)}>${t('conversation.claim')}</button>`}
  </div>`;
}

/** One message or note: what was said, when, how far it got, and what to do when it did not. */
import { sentence } from '../actions.js';
import { actorName, clockTime, dayOf, exactTime, shortTime, shownAt } from '../format.js';
import { html, useState } from '../html.js';
import { has, t } from '../i18n.js';
import { resend, settle, takeBack, tryAgain } from '../sending.js';
import { say } from '../store.js';
import { Acts, Deleting, Editing } from './acts.js';
import { Icon, Tick } from './icons.js';
import { Part, Parts } from './parts.js';
import { Quoted } from './quoted.js';
import { Reactions } from './reactions.js';

/** @typedef {import('../types.js').Message} Message */

/** @param {{line: Message, joined: boolean, last: boolean, resent: boolean, entry: boolean, quoted: Message|undefined}} props */
export function Line({ line, joined, last, resent, entry, quoted }) {
  const [doing, setDoing] = useState(/** @type {''|'edit'|'delete'} */ (''));
  const ours = line.direction === 'out';
  const trouble = ours && !line.deleted_at && (line.status === 'failed' || line.status === 'uncertain' || line.local?.state === 'stuck');
  const gone = line.deleted_at;
  const done = () => { setDoing(''); document.getElementById('timeline')?.focus({ preventScroll: true }); };
  const only = (/** @type {string[]} */ types) => !line.reply_to && line.parts.length > 0 && line.parts.every((part) => part.kind === 'media' && types.includes(part.media_type || '') && !part.caption);
  const look = gone ? ' gone' : only(['sticker']) ? ' sticker-only' : only(['image', 'video']) ? ' picture-only' : '';
  return html`<article class=${`line ${ours ? 'out' : 'in'}${joined ? ' joined' : ''}${look}${trouble ? ' trouble' : ''}`} data-id=${(line.members || [line]).map((one) => one.id).join(' ')}>
    ${!joined && html`<h3 class="unseen">${ours ? actorName(line.author) : line.author.name || t('actor.someone')}</h3>`}
    ${doing === 'edit' && !gone ? html`<${Editing} line=${line} done=${done} />` : html`<div class="said"><div class="bubble">
      ${gone
        ? html`<p title=${exactTime(gone)}>${t('line.deleted_at', { time: dayOf(gone) === dayOf(new Date().toISOString()) ? clockTime(gone) : shortTime(gone) })}</p>`
        : html`<${Quoted} line=${line} quoted=${quoted} /><${Parts} parts=${line.parts} />`}
    </div><${Acts} line=${line} entry=${entry} begin=${setDoing} /></div>`}
    ${doing === 'delete' && !gone && html`<${Deleting} line=${line} done=${done} />`}
    <${Reactions} line=${line} />
    ${(last || trouble || line.edited_at) && html`<p class="meta">
      ${line.edited_at && !gone && html`<span title=${exactTime(line.edited_at)}>${t('line.edited')} ·</span>`}
      <time title=${exactTime(shownAt(line))}>${clockTime(shownAt(line))}</time>
      ${ours && html`<span class="by">${actorName(line.author)}</span>`}
      ${ours && !gone && html`<${Tick} status=${line.local?.state === 'stuck' ? 'uncertain' : line.status} label=${line.local?.state === 'stuck' ? t('line.stuck') : t(`tick.${line.status}`)} />`}
    </p>`}
    ${trouble && html`<${Trouble} line=${line} resent=${resent} />`}
  </article>`;
}

/** The reason in a sentence and what to do, beside the thing that failed. @param {{line: Message, resent: boolean}} props */
function Trouble({ line, resent }) {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState('');

  /** @param {() => Promise<any>} act @param {string} done */
  async function run(act, done) {
    if (busy) return;
    setBusy(true);
    setProblem('');
    try {
      await act();
      say(done);
    } catch (error) {
      setProblem(sentence(error));
    }
    setBusy(false);
  }

  if (line.local) {
    const { local } = line;
    return html`<p class="trouble-said warn"><span>${t('line.stuck')}</span>
      <button type="button" class="link" onClick=${() => tryAgain(local)}>${t('again')}</button>
      <button type="button" class="link" onClick=${() => takeBack(local)}>${t('line.take_back')}</button></p>`;
  }
  if (resent) return html`<p class="trouble-said quiet">${t('line.resent')}</p>`;
  const again = html`<button type="button" class="link" disabled=${busy} onClick=${() => run(() => resend(line), t('said.resent'))}>${t('line.resend')}</button>`;
  const said = problem && html`<span class="bad" role="alert">${problem}</span>`;
  if (line.status === 'uncertain') {
    return html`<p class="trouble-said warn"><span>${t('line.uncertain')}</span> ${again}
      <button type="button" class="link" disabled=${busy} onClick=${() => run(() => settle(line, 'sent'), t('said.settled'))}>${t('line.arrived')}</button> ${said}</p>`;
  }
  const { reason: why = '', only = '' } = line.failure || {};
  const reason = [`${why}.${only}`, why].find((one) => has(`failure.${one}`)) || 'unknown';
  const code = line.failure?.provider_code;
  const detail = [line.failure?.detail, code && t('line.provider_code', { code })].filter(Boolean).join(' · ');
  return html`<p class="trouble-said bad" title=${detail}><span>${t(`failure.${reason}`)}</span> <span class="do">${t(`failure.${reason}.do`)}</span> ${again} ${said}</p>`;
}

/** A private remark: a band across, with a lock and the word. @param {{line: Message}} props */
export function Note({ line }) {
  const text = line.parts.map((part) => part.text || '').join('\n');
  return html`<article class="note" data-id=${line.id}>
    <p class="meta"><${Icon} name="lock" size=${14} /> <strong>${t('note.private')}</strong> <span dir="auto">${actorName(line.author)}</span>
      <time title=${exactTime(shownAt(line))}>${clockTime(shownAt(line))}</time></p>
    <${Part} part=${{ kind: 'text', text }} />
    ${line.local?.state === 'stuck' && html`<${Trouble} line=${line} resent=${false} />`}
  </article>`;
}

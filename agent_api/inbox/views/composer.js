/** Where one writes: a reply or a private note, pictures, a question with buttons. */
import { can } from '../accounts.js';
import { sentence } from '../actions.js';
import { draft, setDraft } from '../drafts.js';
import { exactTime, personName, spanText } from '../format.js';
import { html, useEffect, useLayoutEffect, useRef, useState } from '../html.js';
import { t } from '../i18n.js';
import { refused, sendDraft, setRefused } from '../sending.js';
import { now, settings } from '../store.js';
import { typedIn } from '../writing.js';
import { Answering } from './answering.js';
import { attach, Attachments, filesOf, uploads } from './attachments.js';
import { Choices, choicesLack } from './choices.js';
import { Fitting } from './fitting.js';
import { Icon } from './icons.js';
import { Filling, Picker, templateLacks } from './templates.js';
import { Whereto } from './whereto.js';

const TALLEST = 240;
const SOON = 4 * 3600_000;

/** @param {{id: string, conversation: import('../types.js').Conversation}} props */
export function Composer({ id, conversation }) {
  const held = draft(id).value;
  const note = held.tab === 'note';
  const problem = refused.value.get(id);
  const area = useRef(/** @type {HTMLTextAreaElement|null} */ (null));
  const picker = useRef(/** @type {HTMLInputElement|null} */ (null));
  const [over, setOver] = useState(false);
  const [lack, setLack] = useState('');
  const [picking, setPicking] = useState(false);
  const account = held.via || conversation.account || '';
  const filled = note ? null : held.template;
  const approved = !note && can(account, 'templates');
  const pick = approved ? () => setPicking(true) : null;
  const text = note ? held.note : held.text;
  const waiting = note ? [] : uploads(id).value;
  const stuck = waiting.some((one) => one.problem);
  const [eager, setEager] = useState(false);

  useLayoutEffect(() => {
    const el = area.current;
    if (!el) return;
    el.style.height = 'auto';
    el.style.height = `${Math.min(TALLEST, el.scrollHeight + 2)}px`;
  }, [text, held.tab, held.labels, !filled]);

  useEffect(() => {
    if (note || stuck) setEager(false);
    else if (eager && !waiting.length) send();
  }, [eager, note, stuck, waiting.length]);

  function send() {
    const empty = note ? !held.note.trim() : !held.text.trim() && !held.attachments.length && !filled;
    const missing = filled ? templateLacks(filled) : !note && held.labels ? choicesLack(held) : '';
    setLack(missing || (stuck && !filled ? t('composer.not_up') : ''));
    setEager(!filled && waiting.length > 0 && !stuck && !missing);
    if (missing || (waiting.length && !filled)) return;
    if (empty) {
      area.current?.focus();
      return;
    }
    sendDraft(id);
    area.current?.focus();
  }

  /** @param {KeyboardEvent} event */
  function typed(event) {
    if (event.key !== 'Enter' || event.isComposing || event.shiftKey) return;
    const commanded = event.ctrlKey || event.metaKey;
    const touch = matchMedia('(hover: none) and (pointer: coarse)').matches;
    if (commanded || (settings.value.enter === 'send' && !touch && !event.altKey)) {
      event.preventDefault();
      send();
    }
  }

  /** @param {any} event */
  function write(event) {
    setDraft(id, note ? { note: event.target.value } : { text: event.target.value });
    if (!note) typedIn(id);
    setLack('');
    setEager(false);
  }

  /** @param {DragEvent|ClipboardEvent} event @param {DataTransfer|null} from */
  function given(event, from) {
    const files = filesOf(from);
    setOver(false);
    if (!files.length) return;
    event.preventDefault();
    setDraft(id, { tab: 'reply' });
    attach(id, files);
  }

  const carries = (/** @type {DragEvent} */ event) => Boolean(event.dataTransfer?.types.includes('Files'));

  return html`<form class=${`composer${note ? ' noting' : ''}${over ? ' over' : ''}`} aria-label=${t('composer.label')}
    onSubmit=${(/** @type {Event} */ event) => { event.preventDefault(); send(); }}
    onDragOver=${(/** @type {DragEvent} */ event) => { if (carries(event)) { event.preventDefault(); setOver(true); } }}
    onDragLeave=${(/** @type {any} */ event) => { if (!event.currentTarget.contains(event.relatedTarget)) setOver(false); }}
    onDrop=${(/** @type {DragEvent} */ event) => given(event, event.dataTransfer)}>
    <div class="tabs"><div role="tablist" aria-label=${t('composer.tabs')} onKeyDown=${(/** @type {KeyboardEvent} */ event) => {
      if (event.key !== 'ArrowLeft' && event.key !== 'ArrowRight') return;
      setDraft(id, { tab: note ? 'reply' : 'note' });
      requestAnimationFrame(() => /** @type {any} */ (document.querySelector('.tabs [aria-selected=true]'))?.focus());
    }}>
      ${/** @type {const} */ (['reply', 'note']).map((tab) => html`<button key=${tab} type="button" role="tab" aria-selected=${held.tab === tab} aria-controls="composer-text"
        tabindex=${held.tab === tab ? 0 : -1} onClick=${() => { setDraft(id, { tab }); area.current?.focus(); }}>${tab === 'note' && html`<${Icon} name="lock" size=${14} /> `}${t(`composer.${tab}`)}</button>`)}</div>
      <${Whereto} id=${id} conversation=${conversation} note=${note} />
    </div>
    ${!note && html`<${Window} conversation=${conversation} pick=${filled || picking ? null : pick} known=${approved} />`}
    ${problem && html`<${Refused} id=${id} problem=${problem} pick=${filled || picking ? null : pick} />`}
    <${Answering} id=${id} />
    ${picking && approved && html`<${Picker} id=${id} account=${account} close=${() => { setPicking(false); requestAnimationFrame(() => area.current?.focus()); }} />`}
    ${filled ? html`<${Filling} id=${id} filled=${filled} send=${send} changed=${() => setLack('')} />` : html`<textarea id="composer-text" ref=${area} rows="2" dir="auto" value=${text} onInput=${write} onKeyDown=${typed}
      onPaste=${(/** @type {ClipboardEvent} */ event) => given(event, event.clipboardData)}
      aria-label=${note ? t('composer.note_label') : held.labels ? t('choices.question') : t('composer.reply_label', { name: personName(conversation.person) })}
      placeholder=${note ? t('composer.note_hint') : held.labels ? t('choices.question_hint') : t('composer.reply_hint')}></textarea>`}
    ${!note && !filled && held.labels && html`<${Choices} id=${id} labels=${held.labels} />`}
    ${!note && !filled && html`<${Attachments} id=${id} />`}
    ${!note && html`<${Fitting} id=${id} account=${conversation.account} held=${held} />`}
    <div class="foot">
      ${!note && !filled && html`<input ref=${picker} type="file" accept="image/*" multiple hidden aria-label=${t('attach.picture')}
          onChange=${(/** @type {any} */ event) => { attach(id, [...event.target.files]); event.target.value = ''; }} />
        <button type="button" class="bare" title=${t('attach.picture')} aria-label=${t('attach.picture')} onClick=${() => picker.current?.click()}><${Icon} name="picture" size=${20} /></button>
        <button type="button" class="bare" title=${t('choices.ask')} aria-label=${t('choices.ask')} aria-pressed=${Boolean(held.labels)}
          onClick=${() => setDraft(id, { labels: held.labels ? null : ['', ''] })}><${Icon} name="buttons" size=${20} /></button>`}
      ${approved && html`<button type="button" class="bare" title=${t('template.choose')} aria-label=${t('template.choose')} aria-expanded=${picking} onClick=${() => setPicking(!picking)}><${Icon} name="template" size=${20} /></button>`}
      <span class="lack" role="status">${lack || (eager ? t('composer.eager') : over ? t('attach.drop') : '')}</span>
      <span class="hint quiet">${settings.value.enter === 'send' ? t('composer.enter') : t('composer.ctrl_enter')}</span>
      <button type="submit" class="primary">${note ? t('composer.add_note') : t('composer.send')}</button>
    </div>
  </form>`;
}

/** What the channel lets through, when that matters. @param {{conversation: import('../types.js').Conversation, pick: (() => void)|null, known: boolean}} props */
function Window({ conversation, pick, known }) {
  const window = conversation.reply_window;
  if (!window) return null;
  if (!window.open && known) return html`<p class="band warn"><span>${t('composer.window_template')}</span>${pick && html`<button type="button" onClick=${pick}>${t('template.choose')}</button>`}</p>`;
  if (!window.open) return html`<p class="band warn">${t('composer.window_closed')}</p>`;
  const left = window.closes_at ? Date.parse(window.closes_at) - now.value : Infinity;
  if (left > SOON || left <= 0) return null;
  return html`<p class="band warn" title=${exactTime(window.closes_at || '')}>${t('composer.window', { span: spanText(left) })}</p>`;
}

/** Why the server would not take it; what was typed is back in the box. @param {{id: string, problem: import('../api.js').Problem, pick: (() => void)|null}} props */
function Refused({ id, problem, pick }) {
  const exactly = problem.errors.map((one) => `${one.pointer} ${one.detail}`).join('\n');
  return html`<div class="band bad" role="alert" title=${exactly}><span><strong>${t('composer.refused')}</strong> ${sentence(problem)}</span>
    ${pick && ['window_closed', 'template_required'].includes(problem.code) && html`<button type="button" onClick=${pick}>${t('template.choose')}</button>`}
    <button type="button" class="bare" aria-label=${t('dialog.close')} onClick=${() => setRefused(id, null)}><${Icon} name="close" size=${16} /></button></div>`;
}

/** What can be done with one line: answer it, react to it, change it, take it back. */
import { sentence } from '../actions.js';
import { ourOwn } from '../amend.js';
import { EMOJIS, edit, isOut, mayDelete, mayEdit, mayReact, takeBack, words } from '../amending.js';
import { setDraft } from '../drafts.js';
import { gist } from '../format.js';
import { html, useEffect, useLayoutEffect, useRef, useState } from '../html.js';
import { t } from '../i18n.js';
import { say, settings } from '../store.js';
import { Icon } from './icons.js';
import { coloured, toggle } from './reactions.js';

/** @typedef {import('../types.js').Message} Message */

/** @param {Message} line */
function answer(line) {
  setDraft(line.conversation, { reply_to: line.id, tab: 'reply' });
  requestAnimationFrame(() => document.getElementById('composer-text')?.focus());
}

/** The way in, quiet until one points at the line. @param {{line: Message, entry: boolean, begin: (what: 'edit'|'delete') => void}} props */
export function Acts({ line, entry, begin }) {
  const [open, setOpen] = useState(false);
  const box = useRef(/** @type {HTMLElement|null} */ (null));
  if (!isOut(line)) return null;
  const shut = (/** @type {boolean} */ back) => {
    setOpen(false);
    if (back) box.current?.querySelector('button')?.focus();
  };
  return html`<div class="acts" ref=${box}
    onFocusOut=${(/** @type {FocusEvent} */ event) => { if (open && !box.current?.contains(/** @type {Node|null} */ (event.relatedTarget))) shut(false); }}
    onKeyDown=${(/** @type {KeyboardEvent} */ event) => { if (open && event.key === 'Escape') { event.preventDefault(); shut(true); } }}>
    <button type="button" class="bare more" tabindex=${entry ? 0 : -1} aria-expanded=${open} aria-label=${t('acts.more', { text: gist(line).slice(0, 60) })} title=${t('acts.title')}
      onMouseDown=${(/** @type {Event} */ event) => event.preventDefault()} onClick=${() => setOpen(!open)}><${Icon} name="more" /></button>
    ${open && html`<${Menu} line=${line} shut=${shut} begin=${begin} />`}
  </div>`;
}

/** @param {{line: Message, shut: (back: boolean) => void, begin: (what: 'edit'|'delete') => void}} props */
function Menu({ line, shut, begin }) {
  const menu = useRef(/** @type {HTMLElement|null} */ (null));
  useLayoutEffect(() => {
    menu.current?.querySelector('button')?.focus({ preventScroll: true });
    menu.current?.scrollIntoView({ block: 'nearest' });
  }, []);
  const does = (/** @type {() => any} */ act, back = false) => () => { shut(back); act(); };
  const item = (/** @type {string} */ icon, /** @type {string} */ key, /** @type {() => any} */ act) => html`<button type="button" class="act-item" onClick=${does(act)}><${Icon} name=${icon} size=${16} /> ${t(key)}</button>`;
  return html`<div class="menu" ref=${menu} role="group" aria-label=${t('acts.title')}>
    ${mayReact(line) && html`<div class="emojis">${EMOJIS.map((emoji) => html`<button key=${emoji} type="button" class="bare" aria-pressed=${Boolean(ourOwn(line, emoji))}
      aria-label=${t('acts.react', { emoji: coloured(emoji) })} onClick=${does(() => toggle(line, emoji), true)}>${coloured(emoji)}</button>`)}</div>`}
    ${item('reply', 'acts.reply', () => answer(line))}
    ${mayEdit(line) && item('pen', 'acts.edit', () => begin('edit'))}
    ${mayDelete(line) && item('bin', 'acts.delete', () => begin('delete'))}
  </div>`;
}

/** @param {() => void} done */
function useAct(done) {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState('');

  /** @param {() => Promise<any>} act @param {string} said */
  async function run(act, said) {
    if (busy) return;
    setBusy(true);
    setProblem('');
    try {
      await act();
      done();
      say(said);
    } catch (error) {
      setProblem(sentence(error));
      setBusy(false);
    }
  }
  return { busy, run, said: problem && html`<p class="bad" role="alert">${problem}</p>` };
}

/** The words of a line, to be changed where they stand. @param {{line: Message, done: () => void}} props */
export function Editing({ line, done }) {
  const { text: was, needed } = words(line);
  const [text, setText] = useState(was);
  const { busy, run, said } = useAct(done);
  const area = useRef(/** @type {HTMLTextAreaElement|null} */ (null));
  useEffect(() => {
    area.current?.focus();
    area.current?.setSelectionRange(was.length, was.length);
  }, []);
  useLayoutEffect(() => {
    const el = area.current;
    if (!el) return;
    el.style.height = 'auto';
    el.style.height = `${Math.min(240, el.scrollHeight + 2)}px`;
    el.scrollIntoView({ block: 'nearest' });
  }, [text]);
  const lacks = needed && !text.trim();
  const save = () => (text.trim() === was.trim() ? done() : lacks ? undefined : run(() => edit(line, text.trim()), t('said.edited')));

  /** @param {KeyboardEvent} event */
  function typed(event) {
    if (event.key === 'Escape') {
      event.preventDefault();
      done();
    } else if (event.key === 'Enter' && !event.isComposing && !event.shiftKey && (event.ctrlKey || event.metaKey || settings.value.enter === 'send')) {
      event.preventDefault();
      save();
    }
  }

  return html`<form class="editing" onSubmit=${(/** @type {Event} */ event) => { event.preventDefault(); save(); }}>
    <textarea ref=${area} rows="2" dir="auto" value=${text} aria-label=${t('acts.edit_label')} onInput=${(/** @type {any} */ event) => setText(event.target.value)} onKeyDown=${typed}></textarea>
    ${said}
    <p><span class="quiet">${t('acts.edit_hint')}</span><button type="button" disabled=${busy} onClick=${done}>${t('acts.cancel')}</button>
      <button type="submit" class="primary" disabled=${busy || lacks}>${t('acts.save')}</button></p></form>`;
}

/** Asks once before a line is taken back. @param {{line: Message, done: () => void}} props */
export function Deleting({ line, done }) {
  const { busy, run, said } = useAct(done);
  const first = useRef(/** @type {HTMLButtonElement|null} */ (null));
  useEffect(() => first.current?.focus(), []);
  useLayoutEffect(() => first.current?.parentElement?.scrollIntoView({ block: 'nearest' }), []);
  return html`<div class="deleting" role="group" aria-label=${t('acts.delete')}
    onKeyDown=${(/** @type {KeyboardEvent} */ event) => { if (event.key === 'Escape') { event.preventDefault(); done(); } }}>
    <span>${t('acts.delete_sure')}</span>
    <button type="button" class="danger" disabled=${busy} onClick=${() => run(() => takeBack(line), t('said.deleted'))}>${t('acts.delete')}</button>
    <button type="button" ref=${first} disabled=${busy} onClick=${done}>${t('acts.keep')}</button>${said}</div>`;
}

/** Asking with buttons: the question is the text above, the answers are here. */
import { setDraft } from '../drafts.js';
import { html } from '../html.js';
import { t } from '../i18n.js';
import { Icon } from './icons.js';

const MOST = 10;

/** What a question still lacks, in words. @param {import('../types.js').Draft} draft */
export function choicesLack(draft) {
  const labels = (draft.labels || []).map((label) => label.trim()).filter(Boolean);
  if (!draft.text.trim()) return t('choices.no_question');
  if (!labels.length) return t('choices.no_answer');
  if (new Set(labels).size < labels.length) return t('choices.twice');
  return '';
}

/** @param {{id: string, labels: string[]}} props */
export function Choices({ id, labels }) {
  /** @param {string[]} next @param {number} [at] the answer to type into then */
  function change(next, at) {
    setDraft(id, { labels: next.length ? next : null });
    if (at !== undefined) requestAnimationFrame(() => /** @type {any} */ (document.querySelectorAll('.answers input')[at])?.focus());
  }

  /** @param {KeyboardEvent} event @param {number} at */
  function typed(event, at) {
    if (event.key === 'Enter' && !event.isComposing && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      if (labels.length < MOST) change([...labels.slice(0, at + 1), '', ...labels.slice(at + 1)], at + 1);
    } else if (event.key === 'Backspace' && !labels[at] && labels.length > 1) {
      event.preventDefault();
      change(labels.filter((_, other) => other !== at), Math.max(0, at - 1));
    }
  }

  return html`<fieldset class="answers"><legend>${t('choices.answers')}</legend>
    ${labels.map((label, at) => html`<div key=${at}>
      <input type="text" value=${label} maxlength="200" dir="auto" aria-label=${t('choices.answer', { n: at + 1 })} placeholder=${t('choices.answer', { n: at + 1 })}
        onInput=${(/** @type {any} */ event) => change(labels.map((one, other) => (other === at ? event.target.value : one)))} onKeyDown=${(/** @type {KeyboardEvent} */ event) => typed(event, at)} />
      <button type="button" class="bare" title=${t('choices.remove', { n: at + 1 })} aria-label=${t('choices.remove', { n: at + 1 })}
        onClick=${() => change(labels.filter((_, other) => other !== at))}><${Icon} name="close" size=${16} /></button></div>`)}
    ${labels.length < MOST && html`<button type="button" class="link add" onClick=${() => change([...labels, ''], labels.length)}><${Icon} name="plus" size=${14} /> ${t('choices.add')}</button>`}
  </fieldset>`;
}

/** Choosing an approved text, and filling in its blanks while seeing what the customer will see. */
import { sentence } from '../actions.js';
import { draft, setDraft } from '../drafts.js';
import { html, useEffect, useRef, useState } from '../html.js';
import { has, t } from '../i18n.js';
import { blankName, empty, listOf, load, matching, pieces } from '../templates.js';
import { Icon } from './icons.js';

/** @typedef {import('../types.js').Template} Template */
/** @typedef {import('../types.js').Filled} Filled */

/** A list to choose from. @param {{id: string, account: string, close: () => void}} props */
export function Picker({ id, account, close }) {
  const box = useRef(/** @type {HTMLElement|null} */ (null));
  const [searched, search] = useState('');
  const { data, problem } = listOf(account).value;
  const found = matching(data || [], searched);
  const waiting = (data || []).filter((one) => one.status !== 'approved').length;

  useEffect(() => {
    load(account);
    box.current?.querySelector('input')?.focus();
  }, [account]);

  /** @param {Template} template */
  function choose(template) {
    setDraft(id, { tab: 'reply', template: { account, template, values: {} } });
    close();
    requestAnimationFrame(() => /** @type {HTMLElement|null} */ (document.querySelector('.template input, .composer .primary'))?.focus());
  }

  /** @param {KeyboardEvent} event */
  function typed(event) {
    const rows = /** @type {HTMLElement[]} */ ([...(box.current?.querySelectorAll('input, .choose') || [])]);
    const at = rows.indexOf(/** @type {any} */ (document.activeElement));
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && at >= 0) rows[Math.max(0, Math.min(rows.length - 1, at + step))].focus();
    else if (event.key === 'Escape') close();
    else if (event.key === 'Enter' && at === 0 && !event.isComposing) found.length && choose(found[0]); // and never send
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  return html`<section class="picker" ref=${box} aria-label=${t('template.list')} onKeyDown=${typed}>
    <header><input type="search" value=${searched} aria-label=${t('template.search')} placeholder=${t('template.search')} onInput=${(/** @type {any} */ event) => search(event.target.value)} />
      <button type="button" class="link" onClick=${() => load(account, true)}>${t('template.refresh')}</button>
      <button type="button" class="bare" title=${t('dialog.close')} aria-label=${t('dialog.close')} onClick=${close}><${Icon} name="close" size=${16} /></button></header>
    ${problem && html`<p class="bad" role="alert">${t('template.failed')} ${sentence(problem)}${problem.detail && html`<br /><span class="quiet" dir="auto">${problem.detail}</span>`}</p>`}
    ${!data && !problem && html`<p class="quiet skeleton">${t('template.loading')}</p>`}
    <ul>${found.map((one) => html`<li key=${`${one.name} ${one.language}`}><button type="button" class="choose" onClick=${() => choose(one)}>
      <strong dir="auto">${one.name}</strong> <span class="quiet">${[one.language, categoryName(one.category)].filter(Boolean).join(' · ')}</span>
      <span class="body" dir="auto">${one.body}</span></button></li>`)}</ul>
    ${data && !found.length && html`<p class="quiet">${t(searched.trim() ? 'template.nothing' : 'template.none')}</p>`}
    ${waiting > 0 && html`<p class="quiet">${t('template.waiting', { n: waiting })}</p>`}
  </section>`;
}

/** @param {string} category the provider's word */
const categoryName = (category) => (has(`template.category.${category}`) ? t(`template.category.${category}`) : category);

/** The one that was chosen, with its blanks. @param {{id: string, filled: Filled, send: () => void, changed: () => void}} props */
export function Filling({ id, filled, send, changed }) {
  const { template, values } = filled;

  /** What was typed meanwhile into another blank stays. @param {string} name @param {string} value */
  function set(name, value) {
    const now = draft(id).value.template || filled;
    setDraft(id, { template: { ...now, values: { ...now.values, [name]: value } } });
    changed();
  }

  /** @param {KeyboardEvent} event */
  function typed(event) {
    if (event.key !== 'Enter' || event.isComposing) return;
    event.preventDefault();
    const all = /** @type {HTMLElement[]} */ ([...document.querySelectorAll('.template input')]);
    const next = all[all.indexOf(/** @type {any} */ (event.target)) + 1];
    if (next && !event.ctrlKey && !event.metaKey) next.focus();
    else send();
  }

  return html`<div class="template">
    <p class="chosen"><span class="label">${t('part.template')}</span> <strong dir="auto">${template.name}</strong> <span class="quiet">${template.language}</span>
      <button type="button" class="bare" title=${t('template.drop')} aria-label=${t('template.drop')} onClick=${() => setDraft(id, { template: null })}><${Icon} name="close" size=${16} /></button></p>
    ${template.parameters.length > 0 && html`<div class="blanks">${template.parameters.map((name) => html`<label key=${name}><span>${blankName(name)}</span>
      <input type="text" dir="auto" maxlength="1000" value=${values[name] || ''} onInput=${(/** @type {any} */ event) => set(name, event.target.value)} onKeyDown=${typed} /></label>`)}</div>`}
    <figure class="preview" aria-label=${t('template.preview')}>
      ${template.header && html`<p dir="auto"><strong><${Written} text=${template.header} values=${values} at="header." /></strong></p>`}
      <p dir="auto"><${Written} text=${template.body} values=${values} at="" /></p>
      ${template.footer && html`<p class="quiet" dir="auto">${template.footer}</p>`}
      ${template.buttons.length > 0 && html`<ul>${template.buttons.map((label, at) => html`<li key=${at} dir="auto">${label}</li>`)}</ul>`}
    </figure>
  </div>`;
}

/** A text with what is in its blanks; one with nothing in it shows. @param {{text: string, values: Record<string, string>, at: string}} props */
function Written({ text, values, at }) {
  return pieces(text).map((one, place) => {
    if (!one.blank) return one.text;
    const value = values[`${at}${one.blank}`]?.trim();
    return value ? html`<bdi key=${place}>${value}</bdi>` : html`<mark key=${place}>${blankName(`${at}${one.blank}`)}</mark>`;
  });
}

/** What a template still lacks, in words. @param {Filled} filled */
export function templateLacks(filled) {
  const names = empty(filled).map(blankName);
  return names.length ? t('template.lacks', { names: names.join(', ') }) : '';
}

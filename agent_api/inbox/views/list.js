/** The list of conversations: views, search, rows. It stands still while somebody points at it. */
import { sentence } from '../actions.js';
import { html, useEffect, useRef, useState } from '../html.js';
import { t } from '../i18n.js';
import { VIEWS, hold, letIn, load, loadMore, loadingMore, next, problem, shown, state, waiting } from '../list.js';
import { go } from '../place.js';
import { connection, place, searching } from '../store.js';
import { Icon } from './icons.js';
import { Row } from './row.js';

const RESTS = 1500;

export function List() {
  return html`<section class="list" id="list" aria-labelledby="list-title" data-pane>
    <header>
      <h1 id="list-title" class="unseen">${t('list.title')}</h1>
      <${Search} />
      <div class="views" role="group" aria-label=${t('list.views')}>
        ${Object.keys(VIEWS).map((view) => html`<button key=${view} type="button" aria-pressed=${!searching.value && place.value.view === view}
          onClick=${() => { searching.value = ''; go({ view }); }}>${t(`view.${view}`)}</button>`)}
      </div>
    </header>
    <${Rows} />
    ${connection.value === 'offline' && html`<p class="band bad"><${Icon} name="alert" size=${16} /> ${t('live.offline.long')}</p>`}
  </section>`;
}

function Search() {
  const [typed, setTyped] = useState(searching.value);
  const timer = useRef(0);
  useEffect(() => setTyped(searching.value), [searching.value]);

  /** @param {string} value @param {number} wait */
  function ask(value, wait) {
    setTyped(value);
    clearTimeout(timer.current);
    timer.current = window.setTimeout(() => { searching.value = value.trim(); }, wait);
  }

  return html`<div class="search" role="search">
    <${Icon} name="search" size=${16} />
    <input id="search" type="search" value=${typed} placeholder=${t('list.search')} aria-label=${t('list.search')} autocomplete="off" spellcheck=${false}
      onInput=${(/** @type {any} */ event) => ask(event.target.value, 250)}
      onKeyDown=${(/** @type {KeyboardEvent} */ event) => {
        if (event.key === 'Escape' && typed) { event.preventDefault(); ask('', 0); }
        if (event.key === 'Enter') ask(typed, 0);
        if (event.key === 'ArrowDown') { event.preventDefault(); /** @type {any} */ (document.querySelector('.row[tabindex="0"]'))?.focus(); }
      }} />
  </div>`;
}

function Rows() {
  const box = useRef(/** @type {HTMLElement|null} */ (null));
  const foot = useRef(/** @type {HTMLElement|null} */ (null));
  const pointed = useRef('');
  const rest = useRef(0);
  const touched = useRef(false);
  const ids = shown.value;
  const chosen = place.value.id;
  const entry = ids.includes(chosen) ? chosen : ids[0];

  useEffect(() => {
    if (!foot.current) return undefined;
    const eye = new IntersectionObserver((seen) => { if (seen.some((one) => one.isIntersecting)) loadMore(); }, { root: box.current, rootMargin: '600px' });
    eye.observe(foot.current);
    return () => eye.disconnect();
  }, [next.value, state.value]);

  useEffect(() => () => { clearTimeout(rest.current); hold(false); }, []);

  // On a phone the list is behind the conversation then, and free to move.
  useEffect(() => { requestAnimationFrame(() => point(pointed.current)); }, [chosen]);

  /** A mouse that moves may choose any row; one that rests is on one row. @param {string} row @param {boolean} [moves] */
  function point(row, moves = false) {
    pointed.current = row;
    clearTimeout(rest.current);
    if (moves) rest.current = window.setTimeout(() => point(pointed.current), RESTS);
    hold(moves || isRead(), row);
  }

  /** Fingers do not point before they tap: a list that was scrolled by them is being read. */
  function isRead() {
    const el = box.current;
    return Boolean(el && touched.current && el.scrollTop > 40 && getComputedStyle(el).visibility === 'visible');
  }

  return html`<div class="rows-frame" onPointerLeave=${() => point('')}
    onPointerDown=${(/** @type {PointerEvent} */ event) => { touched.current = event.pointerType === 'touch'; }}
    onPointerMove=${(/** @type {any} */ event) => event.pointerType === 'mouse' && point((event.target.closest('.row')?.id || '').slice(4), true)}>
    <div class="rows" ref=${box} onScroll=${() => point(pointed.current)}>
    ${state.value === 'loading' && html`<${Skeleton} />`}
    ${state.value === 'failed' && html`<${Broken} />`}
    ${state.value === 'ready' && !ids.length && html`<${Empty} />`}
    ${state.value === 'ready' && ids.length > 0 && html`<ul role="listbox" aria-labelledby="list-title" onKeyDown=${walk}>
      ${ids.map((id) => html`<${Row} key=${id} id=${id} chosen=${id === chosen} entry=${id === entry} />`)}
    </ul>`}
    ${state.value === 'ready' && next.value && html`<div ref=${foot} class="more">
      ${problem.value && !loadingMore.value
        ? html`<p class="bad">${sentence(problem.value)} <button type="button" class="link" onClick=${loadMore}>${t('again')}</button></p>`
        : html`<button type="button" class="link" onClick=${loadMore}>${t('list.more')}</button>`}</div>`}
    </div>
    ${waiting.value > 0 && html`<button type="button" class="floating" onClick=${showWaiting}>${t('list.waiting', { n: waiting.value })}</button>`}
  </div>`;
}

/** Lets in what waits, and goes to the first of it. */
function showWaiting() {
  const first = letIn();
  requestAnimationFrame(() => document.getElementById(`row-${first}`)?.scrollIntoView({ block: 'nearest' }));
}

/** Arrows move along the rows; Enter and Space open. @param {KeyboardEvent} event */
function walk(event) {
  const row = /** @type {HTMLElement} */ (event.target).closest('.row');
  if (!row) return;
  const list = /** @type {HTMLElement} */ (row.parentElement);
  /** @type {Record<string, Element|null>} */
  const steps = { ArrowDown: row.nextElementSibling, ArrowUp: row.previousElementSibling, Home: list.firstElementChild, End: list.lastElementChild };
  if (event.key in steps) {
    event.preventDefault();
    /** @type {HTMLElement|null} */ (steps[event.key])?.focus();
  } else if (event.key === 'Enter' || event.key === ' ') {
    event.preventDefault();
    /** @type {HTMLElement} */ (row).click();
  }
}

function Skeleton() {
  return html`<div class="skeleton" role="status"><span class="unseen">${t('list.loading')}</span>
    ${Array.from({ length: 8 }, (_, at) => html`<i key=${at}><b></b><b></b></i>`)}</div>`;
}

function Broken() {
  return html`<div class="empty" role="alert"><p><strong>${t('list.failed')}</strong></p>
    <p>${problem.value ? sentence(problem.value) : ''}</p>
    <button type="button" onClick=${() => load()}>${t('again')}</button></div>`;
}

function Empty() {
  const search = searching.value;
  return html`<div class="empty">
    <p><strong>${search ? t('list.none_found', { q: search }) : t(`empty.${place.value.view}`)}</strong></p>
    <p>${search ? t('list.none_found.hint') : t(`empty.${place.value.view}.hint`)}</p>
    ${search && html`<button type="button" onClick=${() => { searching.value = ''; }}>${t('list.clear')}</button>`}</div>`;
}

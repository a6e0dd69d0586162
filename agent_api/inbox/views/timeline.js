/** The lines of a conversation. It stays at the end when the reader is there, and where they are when they are not. */
import { markRead, sentence } from '../actions.js';
import { isOut } from '../amending.js';
import { arrangeLines } from '../arrange.js';
import { cell } from '../conversations.js';
import { dayName, exactTime, gist, personName, shownAt } from '../format.js';
import { html, useEffect, useLayoutEffect, useRef, useState } from '../html.js';
import { t } from '../i18n.js';
import { loadOlder, onArrival, openTimeline, timeline } from '../lines.js';
import { unconfirmed } from '../sending.js';
import { accounts, spoken, typing } from '../store.js';
import { channelSwitch, Event } from './event.js';
import { Icon } from './icons.js';
import { Line, Note } from './line.js';

const NEAR = 60;

onArrival((message) => {
  if (message.direction !== 'in' || !location.hash.includes(message.conversation)) return;
  spoken.value = t('timeline.said', { name: message.author.name || t('actor.someone'), text: gist(message) });
});

/** @param {{id: string}} props */
export function Timeline({ id }) {
  const held = timeline(id);
  const box = useRef(/** @type {HTMLElement|null} */ (null));
  const known = useRef({ first: '', last: '', height: 0, atEnd: true });
  const [missed, setMissed] = useState(0);
  const lines = held.lines.value;
  const all = [...lines, ...unconfirmed(id, lines)];
  const state = held.state.value;
  const unread = cell(id).value?.unread;

  /** Says we have read, when the end is on the screen and somebody looks. */
  function seen() {
    const newest = lines.findLast((line) => line.kind === 'message');
    if (newest && known.current.atEnd && document.hasFocus() && !document.hidden) markRead(id, newest.id);
  }

  function end() {
    if (box.current) box.current.scrollTop = box.current.scrollHeight;
  }

  useLayoutEffect(() => {
    const el = box.current;
    const was = known.current;
    if (!el || state !== 'ready' || !all.length) return;
    const first = all[0].id;
    const last = all[all.length - 1];
    const key = last.client_ref || last.id;
    if (was.first && first !== was.first) el.scrollTop += el.scrollHeight - was.height; // older lines came in above
    else if (was.atEnd || (key !== was.last && last.local)) end();
    if (was.last && key !== was.last && !was.atEnd && last.direction === 'in') setMissed((count) => count + 1);
    known.current = { ...was, first, last: key, height: el.scrollHeight };
  }, [lines, all.length, state]);

  useEffect(() => { seen(); }, [lines, state, unread]);

  useEffect(() => {
    const el = /** @type {HTMLElement} */ (box.current);
    // A keyboard, a rotated phone or a growing composer changes the height: the end stays the end.
    const size = new ResizeObserver(() => { if (known.current.atEnd) end(); });
    size.observe(el);
    window.addEventListener('focus', seen);
    document.addEventListener('visibilitychange', seen);
    return () => {
      size.disconnect();
      window.removeEventListener('focus', seen);
      document.removeEventListener('visibilitychange', seen);
    };
  });

  function scrolled() {
    const el = /** @type {HTMLElement} */ (box.current);
    known.current.atEnd = el.scrollHeight - el.scrollTop - el.clientHeight < NEAR;
    known.current.height = el.scrollHeight;
    if (known.current.atEnd) {
      if (missed) setMissed(0);
      seen();
    }
    if (el.scrollTop < 400 && held.previous.value && !held.problem.value) loadOlder(id);
  }

  return html`<div class="timeline-frame">
    <div class="timeline" id="timeline" role="log" aria-live="off" aria-label=${t('timeline.label')} tabindex="0" ref=${box} onScroll=${scrolled} onKeyDown=${walk}>
      <${Top} id=${id} />
      <${Items} lines=${all} id=${id} />
      ${typing.value.has(id) && html`<p class="event">${t('timeline.typing', { name: cell(id).value ? personName(/** @type {any} */ (cell(id).value).person) : '' })}</p>`}
    </div>
    ${missed > 0 && html`<button type="button" class="floating" onClick=${end}><${Icon} name="down" size=${16} /> ${t('timeline.new', { n: missed })}</button>`}
  </div>`;
}

/** From one line's menu to the next, without a stop at each on the way through the page. @param {KeyboardEvent} event */
function walk(event) {
  const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
  if (!step || !(event.target instanceof HTMLElement) || !event.target.matches('.more')) return;
  const all = /** @type {HTMLElement[]} */ ([...document.querySelectorAll('#timeline .more')]);
  event.preventDefault();
  all[all.indexOf(event.target) + step]?.focus();
}

/** What stands above the first line. @param {{id: string}} props */
function Top({ id }) {
  const held = timeline(id);
  const problem = held.problem.value;
  if (problem) {
    const again = () => (held.state.value === 'ready' ? loadOlder(id) : openTimeline(id));
    return html`<div class="empty" role="alert"><p><strong>${t('timeline.failed')}</strong></p><p>${sentence(problem)}</p>
      <button type="button" onClick=${again}>${t('again')}</button></div>`;
  }
  if (held.state.value === 'loading') {
    return html`<div class="skeleton lines" role="status"><span class="unseen">${t('timeline.loading')}</span><i></i><i class="out"></i><i></i></div>`;
  }
  if (held.previous.value) return html`<p class="older"><button type="button" class="link" onClick=${() => loadOlder(id)}>${t('timeline.older')}</button></p>`;
  return null;
}

/** @param {{lines: import('../types.js').Message[], id: string}} props */
function Items({ lines, id }) {
  const resent = new Set(lines.map((line) => line.resend_of).filter(Boolean));
  const byId = new Map(lines.map((line) => [line.id, line]));
  accounts.value; // the names of our ends may come later
  const newest = lines.findLast((line) => isOut(line))?.id;
  return arrangeLines(lines).map(({ kind, key, line, joined, last }) => {
    if (kind === 'day') return html`<h2 key=${key} class="divider" title=${exactTime(shownAt(line))}><span>${dayName(shownAt(line))}</span></h2>`;
    if (kind === 'episode') return html`<p key=${key} class="divider episode"><span>${t('timeline.episode')}</span></p>`;
    if (kind === 'channel') return html`<p key=${key} class="event">${channelSwitch(line)}</p>`;
    if (kind === 'event') return html`<${Event} key=${key} line=${line} />`;
    if (kind === 'note') return html`<${Note} key=${key} line=${line} />`;
    const quoted = line.reply_to ? byId.get(line.reply_to) : undefined;
    return html`<${Line} key=${key} line=${line} joined=${joined} last=${last} resent=${resent.has(line.id)}
      entry=${(line.members || [line]).some((one) => one.id === newest)} quoted=${quoted} />`;
  });
}

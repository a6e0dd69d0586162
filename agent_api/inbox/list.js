/** The list: which conversations are shown, in which order, and when that order may change. */
import { computed, signal } from '@preact/signals';
import { Problem, get } from './api.js';
import { cell, onChange, put } from './conversations.js';
import { place, searching, session } from './store.js';

/** @typedef {import('./types.js').Conversation} Conversation */

/** What each view asks the server, and how a conversation that changed is told to belong. */
export const VIEWS = {
  open: { query: { status: 'open' }, has: (/** @type {Conversation} */ c) => c.status === 'open' },
  mine: {
    query: { status: 'open', assignee: 'me' },
    has: (/** @type {Conversation} */ c) => c.status === 'open' && c.assignee?.id === session.value?.id,
  },
  unassigned: {
    query: { status: 'open', assignee: 'none' },
    has: (/** @type {Conversation} */ c) => c.status === 'open' && !c.assignee,
  },
  resolved: { query: { status: 'resolved' }, has: (/** @type {Conversation} */ c) => c.status === 'resolved' },
};

/** @type {import('@preact/signals').Signal<string[]>} the order on the screen */
export const shown = signal([]);
/** @type {import('@preact/signals').Signal<'loading'|'ready'|'failed'>} */
export const state = signal('loading');
/** @type {import('@preact/signals').Signal<Problem|null>} */
export const problem = signal(null);
/** @type {import('@preact/signals').Signal<string|null>} */
export const next = signal(null);
export const loadingMore = signal(false);
/** How many conversations wait to be put in, because the reader points at the list. */
export const waiting = signal(0);
/** Unread conversations among those we hold, for the title of the window. */
export const unread = computed(() => shown.value.filter((id) => (cell(id).value?.unread || 0) > 0).length);

/** @type {Set<string>} everything this view may show */
let members = new Set();
let held = false;
let anchor = '';
let generation = 0;
/** The last row of the pages read so far: what sorts below comes with the next page. @type {Conversation|null} */
let floor = null;

const PAGE = 50;

/** @param {string|null} after */
function address(after) {
  const search = searching.value.trim();
  const query = new URLSearchParams(search ? { q: search } : VIEWS[/** @type {keyof typeof VIEWS} */ (place.value.view)].query);
  query.set('limit', String(PAGE));
  if (after) query.set('after', after);
  return `/v1/conversations?${query}`;
}

/** Reads the view from its beginning. `quietly` keeps the present rows until the answer is there. */
export async function load(quietly = false) {
  const mine = ++generation;
  if (!quietly) {
    state.value = 'loading';
    shown.value = [];
  }
  try {
    const page = await get(address(null));
    if (mine !== generation) return;
    members = new Set();
    take(page);
    shown.value = page.data.map((/** @type {Conversation} */ c) => c.id);
    state.value = 'ready';
    problem.value = null;
    waiting.value = 0;
  } catch (error) {
    if (mine !== generation) return;
    problem.value = /** @type {Problem} */ (error);
    if (!quietly || !shown.value.length) state.value = 'failed';
  }
}

export async function loadMore() {
  if (!next.value || loadingMore.value) return;
  const mine = generation;
  loadingMore.value = true;
  try {
    const page = await get(address(next.value));
    if (mine === generation) {
      take(page);
      const known = new Set(shown.value);
      shown.value = [...shown.value, ...page.data.map((/** @type {Conversation} */ c) => c.id).filter((/** @type {string} */ id) => !known.has(id))];
    }
  } catch (error) {
    problem.value = /** @type {Problem} */ (error);
  } finally {
    loadingMore.value = false;
  }
}

/** @param {{data: Conversation[], page: {next: string|null}}} page */
function take(page) {
  page.data.forEach((conversation) => {
    members.add(conversation.id);
    put(conversation);
  });
  next.value = page.page.next;
  floor = page.page.next ? page.data[page.data.length - 1] || floor : null;
}

/** First come due first, nothing owed last, then the latest. @param {Conversation} a @param {Conversation} b */
function byUrgency(a, b) {
  if (a.due_at !== b.due_at) {
    if (!a.due_at) return 1;
    if (!b.due_at) return -1;
    return a.due_at < b.due_at ? -1 : 1;
  }
  return a.updated_at < b.updated_at ? 1 : a.updated_at > b.updated_at ? -1 : 0;
}

/** @param {string} id */
function belongs(id) {
  const conversation = cell(id).value;
  if (!conversation || conversation.merged_into) return false;
  if (searching.value.trim()) return members.has(id);
  if (!VIEWS[/** @type {keyof typeof VIEWS} */ (place.value.view)].has(conversation)) return false;
  return !floor || shown.value.includes(id) || byUrgency(conversation, floor) <= 0;
}

function wanted() {
  if (searching.value.trim()) return shown.value.filter(belongs);
  const rows = [...members].filter(belongs).map((id) => /** @type {Conversation} */ (cell(id).value));
  return rows.sort(byUrgency).map((row) => row.id);
}

/** Puts the rows in order, but never moves one under a pointer. */
export function arrange() {
  if (state.value !== 'ready') return;
  const order = wanted();
  if (held) {
    const here = new Set(shown.value);
    waiting.value = order.filter((id) => !here.has(id)).length;
    return;
  }
  waiting.value = 0;
  const fixed = new Set(anchor ? shown.value.slice(0, shown.value.indexOf(anchor) + 1) : []);
  const next = [...fixed, ...order.filter((id) => !fixed.has(id))];
  if (next.join() !== shown.value.join()) shown.value = next;
}

/**
 * Says how the reader points at the list.
 * @param {boolean} moving about to choose: nothing may move
 * @param {string} [row] where a pointer rests: nothing may move down to this row
 */
export function hold(moving, row = '') {
  held = moving;
  anchor = row;
  if (!moving) arrange();
}

/** The reader asked for what waits. @returns {string} the first of it */
export function letIn() {
  const here = new Set(shown.value);
  const was = { held, anchor };
  held = false;
  anchor = '';
  arrange();
  ({ held, anchor } = was);
  return shown.value.find((id) => !here.has(id)) || '';
}

let due = 0;

onChange((conversation) => {
  if (!searching.value.trim()) members.add(conversation.id);
  cancelAnimationFrame(due);
  due = requestAnimationFrame(arrange);
});

/** The row after or before the open one. @param {number} step @returns {string} */
export function neighbour(step) {
  const at = shown.value.indexOf(place.value.id);
  if (at < 0) return shown.value[step > 0 ? 0 : shown.value.length - 1] || '';
  return shown.value[at + step] || '';
}

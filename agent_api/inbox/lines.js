/** The lines of conversations: read by pages, kept fresh by frames. */
import { signal } from '@preact/signals';
import { RANK, amended, amends, latest } from './amend.js';
import { Problem, get } from './api.js';
import { shownAt } from './format.js';

/** @typedef {import('./types.js').Message} Message */
/**
 * @typedef {{id: string, lines: import('@preact/signals').Signal<Message[]>,
 *   previous: import('@preact/signals').Signal<string|null>,
 *   state: import('@preact/signals').Signal<'loading'|'ready'|'failed'>, older: import('@preact/signals').Signal<boolean>,
 *   problem: import('@preact/signals').Signal<Problem|null>, stale: boolean, due: number}} Timeline
 */

/** @type {Map<string, Timeline>} the last few conversations that were open */
const timelines = new Map();
const KEPT = 20;
const PAGE = 50;

/** @type {Set<(message: Message) => void>} */
const arrivals = new Set();
/** Tells of every line that a frame brought. @param {(message: Message) => void} watcher */
export const onArrival = (watcher) => arrivals.add(watcher);

/** @param {string} id @returns {Timeline} */
export function timeline(id) {
  let found = timelines.get(id);
  if (!found) {
    found = {
      id, lines: signal([]), previous: signal(null), state: signal('loading'), older: signal(false),
      problem: signal(null), stale: true, due: 0,
    };
  }
  timelines.delete(id);
  timelines.set(id, found);
  if (timelines.size > KEPT) timelines.delete(/** @type {string} */ (timelines.keys().next().value));
  return found;
}

/** @param {string} id @param {string|null} before */
const address = (id, before) => `/v1/conversations/${encodeURIComponent(id)}/messages?limit=${PAGE}${before ? `&before=${encodeURIComponent(before)}` : ''}`;

/** Reads the latest page; lines that are already here stay. @param {string} id */
export async function openTimeline(id) {
  const held = timeline(id);
  if (!held.stale) return;
  held.stale = false;
  if (held.state.value === 'failed') held.state.value = 'loading';
  try {
    const page = await get(address(id, null));
    const first = held.state.value !== 'ready';
    const met = page.data.some((/** @type {Message} */ line) => held.lines.value.some((known) => known.id === line.id));
    if (first || !met) {
      held.previous.value = page.page.previous;
      const fresh = first ? held.lines.value : [];
      held.lines.value = fresh.reduce(placed, page.data);
    } else {
      held.lines.value = page.data.reduce(placed, held.lines.value);
    }
    held.state.value = 'ready';
    held.problem.value = null;
  } catch (error) {
    held.stale = true;
    held.problem.value = /** @type {Problem} */ (error);
    if (held.state.value !== 'ready') held.state.value = 'failed';
  }
}

/** @param {string} id */
export async function loadOlder(id) {
  const held = timeline(id);
  if (!held.previous.value || held.older.value) return;
  held.older.value = true;
  try {
    const page = await get(address(id, held.previous.value));
    const known = new Set(held.lines.value.map((line) => line.id));
    held.lines.value = [...page.data.filter((/** @type {Message} */ line) => !known.has(line.id)), ...held.lines.value];
    held.previous.value = page.page.previous;
    held.problem.value = null;
  } catch (error) {
    held.problem.value = /** @type {Problem} */ (error);
  } finally {
    held.older.value = false;
  }
}

/** Reads back until a line is here. @param {string} id @param {string} line @returns {Promise<boolean>} whether it is */
export async function reach(id, line) {
  const held = timeline(id);
  const here = () => held.lines.value.some((known) => known.id === line);
  while (!here() && held.previous.value && !held.problem.value) {
    // One after the other: each page says where the next begins. One may be on its way because somebody scrolled.
    await (held.older.value ? new Promise((later) => { setTimeout(later, 50); }) : loadOlder(id));
  }
  return here();
}

/** The lines with this one in its place, or in place of what we had of it. @param {Message[]} lines @param {Message} line */
function placed(lines, line) {
  const at = lines.findIndex((known) => known.id === line.id);
  if (at >= 0) {
    const next = [...lines];
    next[at] = latest(lines[at], line);
    return next[at] === lines[at] ? lines : next;
  }
  let after = lines.length;
  while (after > 0 && shownAt(lines[after - 1]) > shownAt(line)) after -= 1;
  return [...lines.slice(0, after), line, ...lines.slice(after)];
}

/** Takes in one line: an answer to our own call, or a frame. @param {Message} line */
export function putLine(line) {
  const held = timelines.get(line.conversation);
  if (held) held.lines.value = placed(held.lines.value, line);
}

/** @param {import('./types.js').Frame} frame */
export function applyToLines(frame) {
  const { stream = '', data = {} } = frame;
  const held = timelines.get(stream);
  if (data.message && typeof data.message === 'object') {
    putLine(data.message);
    arrivals.forEach((tell) => tell(data.message));
  } else if (held && amends(frame)) {
    change(held, data.message, (line) => amended(line, frame));
  } else if (held && typeof data.message === 'string' && data.status && !isPartial(held, data)) {
    change(held, data.message, (line) => moved(line, data, frame.at));
  } else if (held && typeof data.message === 'string') {
    get(`/v1/messages/${encodeURIComponent(data.message)}`).then(putLine, () => {});
  } else if (held && frame.kind !== 'conversation.read') {
    clearTimeout(held.due);
    held.due = window.setTimeout(() => { refresh(stream); }, 150);
  }
}

/** Puts another in the place of one line; the others stay the objects they are. @param {Timeline} held @param {string} id @param {(line: Message) => Message} how */
function change(held, id, how) {
  const at = held.lines.value.findIndex((line) => line.id === id);
  const next = at < 0 ? null : how(held.lines.value[at]);
  if (next && next !== held.lines.value[at]) held.lines.value = held.lines.value.with(at, next);
}

/** A receipt is about one piece; what it means for a message of several is the server's to say. @param {Timeline} held @param {any} data */
function isPartial(held, data) {
  const line = held.lines.value.find((known) => known.id === data.message);
  return Boolean(data.provider_id && line && (line.parts.length > 1 || (line.provider_ids || []).length !== 1));
}

/** @param {Message} line @param {{status: string, failure?: any, provider_ids?: string[]}} data @param {string} [at] */
function moved(line, data, at) {
  if (RANK.indexOf(data.status) <= RANK.indexOf(line.status)) return line;
  return { ...line, status: data.status, failure: data.failure || null, provider_ids: data.provider_ids || line.provider_ids, sent_at: line.sent_at || at || null };
}

/** Reads the latest page of a conversation that is held, again. @param {string} id */
export function refresh(id) {
  const held = timelines.get(id);
  if (!held) return undefined;
  held.stale = true;
  return openTimeline(id);
}

/** The feed was cut: nothing here can be trusted to be complete. @param {string} open the conversation on the screen */
export function distrust(open) {
  [...timelines.keys()].forEach((id) => id !== open && timelines.delete(id));
  return open ? refresh(open) : undefined;
}

export const forgetLines = () => timelines.clear();

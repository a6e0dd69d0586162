/** Conversations by id, read one by one or by the page, and kept fresh by frames. */
import { signal } from '@preact/signals';
import { amended, amends } from './amend.js';
import { call } from './api.js';
import { now } from './store.js';

/** @typedef {import('./types.js').Conversation} Conversation */

/** @type {Map<string, import('@preact/signals').Signal<Conversation|null>>} */
const cells = new Map();
/** @type {Map<string, string>} revision of the fields that agents change, by conversation */
const etags = new Map();
/** @type {Set<(conversation: Conversation) => void>} */
const watchers = new Set();

/** The longest debt ever seen from a single unanswered message: what the gateway owes, when it does not say. */
let answerWithin = 0;

/** @param {string} id */
export function cell(id) {
  let found = cells.get(id);
  if (!found) cells.set(id, (found = signal(/** @type {Conversation|null} */ (null))));
  return found;
}

/** @param {string} id */
export const etagOf = (id) => etags.get(id) || '';
/** @param {(conversation: Conversation) => void} watcher */
export const onChange = (watcher) => watchers.add(watcher);

/** Takes in what a read answered, unless frames have already told us more. @param {Conversation} read @param {string} [etag] */
export function put(read, etag) {
  const held = cell(read.id);
  if (held.value && held.value.seq > read.seq) return held.value;
  if (etag) etags.set(read.id, etag);
  learn(read);
  held.value = read;
  watchers.forEach((watch) => watch(read));
  return read;
}

/** @param {string} id */
export async function fetchOne(id) {
  const { data, etag } = await call('GET', `/v1/conversations/${encodeURIComponent(id)}`);
  return put(data, etag);
}

export function forgetAll() {
  cells.forEach((held) => { held.value = null; });
  etags.clear();
}

/** @param {Conversation} conversation */
function learn({ due_at: due, last_message: last }) {
  if (!due || last?.direction !== 'in') return;
  answerWithin = Math.max(answerWithin, Date.parse(due) - Date.parse(last.received_at));
}

/** Since when somebody waits for an answer, in milliseconds; 0 when nothing is owed. @param {Conversation} conversation */
export function waitingSince(conversation) {
  if (!conversation.due_at) return 0;
  if (conversation.unanswered_since) return Date.parse(conversation.unanswered_since);
  const last = conversation.last_message;
  const guess = Date.parse(conversation.due_at) - answerWithin;
  return answerWithin ? Math.min(guess, now.value) : Date.parse(last ? last.received_at : conversation.updated_at);
}

/** @type {Map<string, number>} */
const asked = new Map();

/** Reads a conversation again soon, once for a burst of frames about it. @param {string} id */
export function refreshSoon(id) {
  clearTimeout(asked.get(id));
  asked.set(id, window.setTimeout(() => {
    asked.delete(id);
    fetchOne(id).catch(() => {}); // the next frame or reconnection asks again
  }, 200));
}

/**
 * A frame about a conversation: the new line shows at once, everything that follows from it (what is owed, the window)
 * is the server's to say.
 * @param {import('./types.js').Frame} frame
 */
export function applyToConversation(frame) {
  const id = frame.stream || '';
  const held = cell(id);
  const seq = frame.seq || 0;
  if (held.value && seq <= held.value.seq) return;
  if (held.value) {
    const next = folded(held.value, frame);
    held.value = next;
    watchers.forEach((watch) => watch(next));
  }
  refreshSoon(id);
}

/** @param {Conversation} conversation @param {import('./types.js').Frame} frame @returns {Conversation} */
function folded(conversation, frame) {
  const next = { ...conversation, seq: frame.seq || 0, updated_at: frame.at || conversation.updated_at };
  const data = frame.data || {};
  const message = typeof data.message === 'object' ? data.message : null;
  if (message && frame.kind !== 'note.added') {
    next.last_message = message;
    if (message.direction === 'in') {
      next.unread = conversation.unread + 1;
      next.status = 'open';
      next.channel = message.channel;
      next.account = message.account;
    } else {
      next.due_at = null;
    }
  } else if (amends(frame) && conversation.last_message?.id === data.message) {
    next.last_message = amended(/** @type {any} */ (conversation.last_message), frame);
  } else if (typeof data.message === 'string' && data.status && !data.provider_id && conversation.last_message?.id === data.message) {
    next.last_message = { .../** @type {any} */ (conversation.last_message), status: data.status, failure: data.failure || null };
  }
  if (frame.kind === 'conversation.read') next.unread = 0;
  if (frame.kind === 'conversation.assigned' && 'assignee' in data) next.assignee = data.assignee;
  return next;
}

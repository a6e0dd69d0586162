/** Replies and notes on their way: shown at once, sent with a key, never shown twice and never lost. */
import { signal } from '@preact/signals';
import { Problem, post, token } from './api.js';
import { blank, draft, giveBack, partsOf, setDraft } from './drafts.js';
import { onArrival, putLine } from './lines.js';
import { recall, remember, session } from './store.js';

/** @typedef {import('./types.js').Pending} Pending */
/** @typedef {import('./types.js').Message} Message */

const KEPT = 'passerelle.pending';

/** @type {import('@preact/signals').Signal<Pending[]>} */
export const pending = signal((recall(KEPT) || []).map((/** @type {Pending} */ one) => ({ ...one, state: 'stuck' })));
/** @type {import('@preact/signals').Signal<Map<string, Problem>>} why the server would not take a message, by conversation */
export const refused = signal(new Map());

/** @param {Pending[]} next */
function setPending(next) {
  pending.value = next;
  remember(KEPT, next.length ? next : null);
}

/** @param {string} id @param {Problem|null} problem */
export function setRefused(id, problem) {
  const next = new Map(refused.value);
  if (problem) next.set(id, problem);
  else next.delete(id);
  refused.value = next;
}

/** Takes what is in the composer and sends it. @param {string} id the conversation */
export function sendDraft(id) {
  const taken = draft(id).value;
  const kind = taken.tab === 'note' ? 'note' : 'message';
  const parts = kind === 'note' ? [{ kind: 'text', text: taken.note.trim() }] : partsOf(taken);
  const rest = { text: taken.text, attachments: taken.attachments, labels: taken.labels }; // a template goes alone
  const left = kind === 'note' ? { note: '' } : { ...blank(), note: taken.note, via: taken.via, ...(taken.template ? rest : {}) };
  const went = taken.template && kind === 'message' ? { ...blank(), via: taken.via, reply_to: taken.reply_to, template: taken.template } : taken;
  setDraft(id, left);
  setRefused(id, null);
  const one = /** @type {Pending} */ ({
    ref: token(), conversation: id, kind, parts, via: taken.via, reply_to: kind === 'note' ? '' : taken.reply_to, at: new Date().toISOString(), state: 'going',
    draft: { ...went, attachments: went.attachments.map(({ preview, ...file }) => file) },
  });
  setPending([...pending.value, one]);
  return go(one);
}

/** @param {Pending} one */
export function tryAgain(one) {
  const again = { ...one, state: /** @type {const} */ ('going') };
  setPending(pending.value.map((other) => (other.ref === one.ref ? again : other)));
  return go(again);
}

/** Back into the composer. @param {Pending} one */
export function takeBack(one) {
  drop(one.ref);
  giveBack(one.conversation, one.draft, one.kind === 'note' ? 'note' : 'reply');
}

/** @param {string} ref */
const drop = (ref) => setPending(pending.value.filter((one) => one.ref !== ref));

/** @param {Pending} one */
async function go(one) {
  const address = `/v1/conversations/${encodeURIComponent(one.conversation)}`;
  try {
    const line = one.kind === 'note'
      ? await post(`${address}/notes`, { text: one.parts[0].text }, one.ref)
      : await post(`${address}/messages`, {
        parts: one.parts, client_ref: one.ref, ...(one.via ? { via: one.via } : {}), ...(one.reply_to ? { reply_to: one.reply_to } : {}),
      }, one.ref);
    putLine(line);
    drop(one.ref);
  } catch (error) {
    const problem = /** @type {Problem} */ (error);
    if (problem.unanswered || problem.status >= 500 || problem.status === 429 || problem.status === 401) {
      setPending(pending.value.map((other) => (other.ref === one.ref ? { ...other, state: 'stuck' } : other)));
    } else {
      takeBack(one);
      setRefused(one.conversation, problem);
    }
  }
}

onArrival((message) => {
  const same = pending.value.find((one) => (message.client_ref
    ? one.ref === message.client_ref
    : message.kind === 'note' && one.kind === 'note' && one.state === 'going' && one.conversation === message.conversation
      && message.author.id === session.value?.id && one.parts[0].text === message.parts[0]?.text));
  if (same) drop(same.ref);
});

/** Our own lines that the server has not confirmed, as lines. @param {string} id @param {Message[]} lines */
export function unconfirmed(id, lines) {
  const confirmed = new Set(lines.map((line) => line.client_ref).filter(Boolean));
  return pending.value.filter((one) => one.conversation === id && !confirmed.has(one.ref)).map((one) => /** @type {Message} */ ({
    id: `ref_${one.ref}`, conversation: id, seq: 0, kind: one.kind, direction: 'out',
    author: { kind: 'agent', id: session.value?.id || '', name: session.value?.name }, account: null, channel: null,
    identity: null, parts: one.parts, reply_to: one.reply_to || null, client_ref: one.ref, resend_of: null, sent_at: null,
    received_at: one.at, status: 'queued', failure: null, reactions: [], edited_at: null, deleted_at: null, local: one,
  }));
}

/** Sends a failed or uncertain message once more. @param {Message} message */
export async function resend(message) {
  putLine(await post(`/v1/messages/${encodeURIComponent(message.id)}/resend`, {}, `resend-${message.id}`));
}

/** Ends the doubt about a message. @param {Message} message @param {'sent'|'failed'} status */
export async function settle(message, status) {
  const line = await post(`/v1/messages/${encodeURIComponent(message.id)}/settle`, { status });
  if (line?.id) putLine(line);
}

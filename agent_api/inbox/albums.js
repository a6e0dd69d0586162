/** Pictures that were sent together, as one line. Pure. */
import { RANK } from './amend.js';

/** @typedef {import('./types.js').Message} Message */

/** What was put together before: the same lines give the same object, which is not drawn again. @type {WeakMap<Message, Message>} */
const known = new WeakMap();

/** Whether a line goes into the album of another. @param {Message} first of the album @param {Message} line */
export const isTogether = (first, line) => Boolean(line.album) && first.album === line.album && first.kind === 'message'
  && line.kind === 'message' && first.direction === line.direction && first.account === line.account;

/** One line for all: it stands where the first does, and is named after what needs care, else after what carries the words. @param {Message[]} lines @returns {Message} */
export function asOne(lines) {
  const [first] = lines;
  const before = known.get(first);
  if (before?.members?.length === lines.length && before.members.every((one, at) => one === lines[at])) return before;
  const shown = lines.filter((one) => !one.deleted_at);
  const trouble = shown.find((one) => one.status === 'failed' || one.status === 'uncertain');
  const lead = trouble || shown.find((one) => one.parts.some((part) => part.caption)) || shown[0] || first;
  const slowest = shown.reduce((least, one) => (RANK.indexOf(one.status) < RANK.indexOf(least.status) ? one : least), lead);
  const edits = shown.map((one) => one.edited_at || '').sort();
  const made = {
    ...lead, reply_to: first.reply_to, quote: first.quote, received_at: first.received_at, sent_at: first.sent_at,
    parts: shown.flatMap((one) => one.parts), reactions: shown.flatMap((one) => one.reactions),
    status: trouble ? trouble.status : slowest.status, edited_at: edits[edits.length - 1] || null, members: lines,
  };
  known.set(first, made);
  return made;
}

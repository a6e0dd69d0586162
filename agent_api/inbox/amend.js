/** What becomes of a line after it was said: changed, taken back, reacted to. Pure. */

/** @typedef {import('./types.js').Message} Message */
/** @typedef {import('./types.js').Frame} Frame */
/** @typedef {import('./types.js').Actor} Actor */

/** A status only ever moves to the right. */
export const RANK = ['received', 'queued', 'sending', 'uncertain', 'sent', 'failed', 'delivered', 'read'];
/** The kinds of frames that tell of a change. */
const AMENDS = ['message.edited', 'message.deleted', 'message.reacted'];

/** @param {Frame} frame */
export const amends = (frame) => AMENDS.includes(frame.kind || '');

/** Whose reaction: at the provider all of us are one. @param {Actor} by */
const whose = (by) => (by.kind === 'person' ? by.id : 'us');

/** Emojis come with and without the mark that asks for colours. @param {string} emoji */
export const bare = (emoji) => emoji.replace(/\ufe0f/g, '');

/** The line after a frame about it; the same line when nothing is new. @param {Message} line @param {Frame} frame @returns {Message} */
export function amended(line, frame) {
  const told = frame.data || {};
  if (line.deleted_at) return line;
  if (frame.kind === 'message.deleted') return { ...line, parts: [], reactions: [], deleted_at: told.at || frame.at || line.received_at };
  if (frame.kind === 'message.edited') {
    if (!told.parts || (line.edited_at && line.edited_at >= told.edited_at)) return line;
    return { ...line, parts: told.parts, edited_at: told.edited_at };
  }
  const others = line.reactions.filter((one) => whose(one.by) !== whose(told.by));
  const theirs = (told.emojis || []).map((/** @type {string} */ emoji) => ({ emoji, by: told.by, at: told.at }));
  if (others.length === line.reactions.length && !theirs.length) return line;
  return { ...line, reactions: [...others, ...theirs] };
}

/** Our own reaction to a line with this emoji. @param {Message} line @param {string} emoji */
export const ourOwn = (line, emoji) => line.reactions.find((one) => one.by.kind !== 'person' && bare(one.emoji) === bare(emoji));

/**
 * Of two readings of one line, what holds: a status never goes back, nor does a change or a deletion.
 * @param {Message} known @param {Message} read @returns {Message}
 */
export function latest(known, read) {
  if (known.deleted_at && !read.deleted_at) return known;
  let found = read;
  if (known.edited_at && (!read.edited_at || read.edited_at < known.edited_at) && !read.deleted_at) {
    found = { ...found, parts: known.parts, edited_at: known.edited_at };
  }
  if (RANK.indexOf(known.status) > RANK.indexOf(read.status)) {
    const { status, failure, provider_ids, sent_at } = known;
    found = { ...found, status, failure, provider_ids, sent_at };
  }
  return JSON.stringify(found) === JSON.stringify(known) ? known : found; // the same object is not drawn again
}

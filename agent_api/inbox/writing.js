/** Tells the customer that we write, where the channel can. */
import { can } from './accounts.js';
import { post } from './api.js';
import { cell } from './conversations.js';
import { draft } from './drafts.js';

/** A channel shows it for about five seconds. */
const EVERY = 4000;
/** @type {Map<string, number>} when we last said so, by conversation */
const told = new Map();

/** Something was typed. @param {string} id the conversation */
export function typedIn(id) {
  const { tab, text, via } = draft(id).value;
  if (tab !== 'reply' || !text.trim() || !can(via || cell(id).value?.account, 'typing')) return;
  if (Date.now() - (told.get(id) || 0) < EVERY) return;
  told.set(id, Date.now());
  post(`/v1/conversations/${encodeURIComponent(id)}/typing`).catch(() => {}); // nobody misses it
}

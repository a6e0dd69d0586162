/** What is typed and not sent, per conversation: nothing typed is ever lost. */
import { signal } from '@preact/signals';
import { recall, remember } from './store.js';
import { partOf } from './templates.js';

/** @typedef {import('./types.js').Draft} Draft */

const PREFIX = 'passerelle.draft.';
/** @type {Map<string, import('@preact/signals').Signal<Draft>>} */
const drafts = new Map();

/** @returns {Draft} */
export const blank = () => ({ text: '', note: '', tab: 'reply', attachments: [], labels: null, via: '', reply_to: '', template: null });

/** @param {string} id */
export function draft(id) {
  let found = drafts.get(id);
  if (!found) drafts.set(id, (found = signal({ ...blank(), ...recall(PREFIX + id) })));
  return found;
}

/** @param {string} id @param {Partial<Draft>} change */
export function setDraft(id, change) {
  const held = draft(id);
  held.value = { ...held.value, ...change };
  const kept = { ...held.value, attachments: held.value.attachments.map(({ preview, ...rest }) => rest) };
  remember(PREFIX + id, isBlank(kept) && kept.tab === 'reply' && !kept.via && !kept.reply_to ? null : kept);
}

/** @param {Draft} one */
export const isBlank = (one) => !one.text.trim() && !one.note.trim() && !one.attachments.length && !one.labels && !one.template;

/** What a draft says, as the parts of a message. @param {Draft} one @returns {import('./types.js').Part[]} */
export function partsOf(one) {
  if (one.template) return [partOf(one.template)];
  const text = one.text.trim();
  const labels = (one.labels || []).map((label) => label.trim()).filter(Boolean);
  if (one.labels) {
    return [...pictures(one, ''), { kind: 'choices', text, choices: labels.map((label, at) => ({ id: String(at + 1), label })) }];
  }
  if (one.attachments.length === 1) return pictures(one, text);
  return [...(text ? [{ kind: 'text', text }] : []), ...pictures(one, '')];
}

/** @param {Draft} one @param {string} caption */
function pictures(one, caption) {
  return one.attachments.map((file) => ({
    kind: 'media', media_type: file.media_type, media: file.media, ...(file.mime ? { mime: file.mime } : {}),
    ...(file.name ? { name: file.name } : {}), ...(caption ? { caption } : {}),
  }));
}

/** Puts back what could not be sent, before what was typed since. @param {string} id @param {Draft} taken @param {'reply'|'note'} tab */
export function giveBack(id, taken, tab) {
  const present = draft(id).value;
  const joined = (/** @type {string} */ a, /** @type {string} */ b) => [a, b].filter((text) => text.trim()).join('\n');
  setDraft(id, tab === 'note' ? { tab, note: joined(taken.note, present.note) } : {
    tab, via: taken.via || present.via, reply_to: taken.reply_to || present.reply_to,
    text: joined(taken.text, present.text),
    labels: taken.labels || present.labels,
    template: taken.template || present.template,
    attachments: [...taken.attachments, ...present.attachments],
  });
}

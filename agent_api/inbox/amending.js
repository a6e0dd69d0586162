/** Changing, taking back and reacting to what was said, at the provider first. */
import { can } from './accounts.js';
import { ourOwn } from './amend.js';
import { call } from './api.js';
import { putLine } from './lines.js';
import { moved } from './spans.js';

/** @typedef {import('./types.js').Message} Message */
/** @typedef {import('./types.js').Part} Part */

/** What every channel that takes emojis takes. */
export const EMOJIS = ['👍', '❤', '🙏', '😁', '😢', '🎉'];

/** @param {Message} line */
const address = (line) => `/v1/messages/${encodeURIComponent(line.id)}`;
/** What an album is made of; else the line itself. @param {Message} line */
const each = (line) => (line.members || [line]).filter((one) => !one.deleted_at);
/** The line that carries the words. @param {Message} line */
const bearer = (line) => (line.members || []).find((one) => one.id === line.id) || line;

/** @param {Part} part */
const field = (part) => (part.kind === 'text' || part.kind === 'choices' ? 'text' : part.kind === 'media' && part.media_type !== 'sticker' ? 'caption' : '');

/** Whether the provider knows the line, so that it can be pointed at. @param {Message} line */
export const isOut = (line) => line.kind === 'message' && !line.local && !line.deleted_at && Boolean(line.provider_ids?.length);
/** @param {Message} line */
const isOurOwn = (line) => isOut(line) && line.direction === 'out' && Boolean(line.sent_at);

/** Only what is one thing at the provider, with words to change. @param {Message} line */
export function mayEdit(line) {
  const { parts, provider_ids: ids } = bearer(line);
  return isOurOwn(line) && can(line.account, 'edit') && parts.length === 1 && ids?.length === 1 && Boolean(field(parts[0]));
}
/** @param {Message} line */
export const mayDelete = (line) => isOurOwn(line) && can(line.account, 'delete');
/** @param {Message} line */
export const mayReact = (line) => isOut(line) && can(line.account, 'react');

/** What there is to change, and whether something must be left of it. @param {Message} line */
export function words(line) {
  const [part] = bearer(line).parts;
  return { text: part.text || part.caption || '', needed: field(part) === 'text' };
}

/** @param {Message} line @param {string} text */
export async function edit(line, text) {
  const one = bearer(line);
  const name = field(one.parts[0]);
  const { format = [], [name]: was = '', ...rest } = /** @type {any} */ (one.parts[0]);
  const kept = moved(format, was, text);
  const part = { ...rest, ...(text ? { [name]: text } : {}), ...(kept.length ? { format: kept } : {}) };
  putLine((await call('PATCH', address(one), { body: { parts: [part] } })).data);
}

/** @param {Message} line */
export async function takeBack(line) {
  for (const one of each(line)) putLine((await call('DELETE', address(one))).data); // in their order, and the first refusal ends it
}

/** Puts an emoji on a line, or takes ours off. @param {Message} line @param {string} emoji */
export async function react(line, emoji) {
  const bearing = each(line).find((one) => ourOwn(one, emoji));
  const said = (bearing && ourOwn(bearing, emoji)?.emoji) || emoji; // as the provider spells it
  putLine((await call(bearing ? 'DELETE' : 'PUT', `${address(bearing || bearer(line))}/reactions/${encodeURIComponent(said)}`)).data);
}

/** Approved texts: the lists of our accounts, and one of them with its blanks filled in. */
import { signal } from '@preact/signals';
import { get } from './api.js';
import { t } from './i18n.js';

/** @typedef {import('./types.js').Template} Template */
/** @typedef {import('./types.js').Filled} Filled */
/** @typedef {{data: Template[]|null, problem: import('./api.js').Problem|null}} Listed `data` is null until it came */

/** @type {Map<string, import('@preact/signals').Signal<Listed>>} */
const lists = new Map();
const BLANK = /\{\{\s*([^{}]+?)\s*\}\}/;

/** The list of an account, as far as it is known. @param {string} account */
export function listOf(account) {
  let found = lists.get(account);
  if (!found) lists.set(account, (found = signal(/** @type {Listed} */ ({ data: null, problem: null }))));
  return found;
}

/** Asks for an account's list; the server remembers it for a while. @param {string} account @param {boolean} [fresh] ask the provider */
export async function load(account, fresh = false) {
  const list = listOf(account);
  list.value = { ...list.value, problem: null };
  try {
    const { data } = await get(`/v1/accounts/${encodeURIComponent(account)}/templates${fresh ? '?fresh=true' : ''}`);
    list.value = { data, problem: null };
  } catch (error) {
    list.value = { ...list.value, problem: /** @type {any} */ (error) };
  }
}

export function forgetTemplates() {
  lists.forEach((list) => { list.value = { data: null, problem: null }; });
}

/** What a list offers for what is searched: every word, anywhere. @param {Template[]} all @param {string} searched */
export function matching(all, searched) {
  const words = plain(searched).split(/\s+/).filter(Boolean);
  return all.filter((one) => {
    const text = plain([one.name.replaceAll('_', ' '), one.name, one.language, one.header, one.body].join(' '));
    return one.status === 'approved' && words.every((word) => text.includes(word));
  });
}

/** @param {string} text */
const plain = (text) => text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();

/** A text in pieces: plain ones, and the names of its blanks. @param {string} text @returns {{text?: string, blank?: string}[]} */
export const pieces = (text) => text.split(BLANK).map((piece, at) => (at % 2 ? { blank: piece } : { text: piece })).filter((one) => one.blank || one.text);

/** The blanks that still have nothing in them. @param {Filled} filled */
export const empty = (filled) => filled.template.parameters.filter((name) => !filled.values[name]?.trim());

/** What a blank is for, in words. @param {string} name */
export function blankName(name) {
  const [where, ...rest] = name.split('.');
  const what = rest[rest.length - 1] || '';
  if (where === 'header' && ['image', 'video', 'document'].includes(what)) return t(`template.header.${what}`);
  if (where === 'header' && what) return t('template.header', { name: what });
  if (where === 'button' && rest.length > 1) return t(what === 'copy_code' ? 'template.button_code' : 'template.button_address', { n: Number(rest[0]) + 1 });
  return /^\d+$/.test(name) ? t('template.blank', { name }) : name.replaceAll('_', ' ');
}

/** As a part of a message. @param {Filled} filled */
export const partOf = ({ template, values }) => ({
  kind: 'template', name: template.name, language: template.language,
  parameters: Object.fromEntries(template.parameters.map((name) => [name, (values[name] || '').trim()])),
});

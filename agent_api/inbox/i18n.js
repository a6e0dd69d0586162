/** The catalogue: every sentence of the page, in the reader's language. */
import { signal } from '@preact/signals';
import { recall, remember } from './store.js';

export const LANGUAGES = { en: 'English', fr: 'Français' };
const CHOSEN = 'passerelle.language';
const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff]/;

export const locale = signal('en');
/** @type {import('@preact/signals').Signal<Record<string, string|Record<string, string>>>} */
const catalogue = signal({});
let plural = new Intl.PluralRules('en');

/** The language that was chosen before, else the first of the browser's that we have. */
export function preferred() {
  const known = /** @type {string[]} */ ([recall(CHOSEN), ...navigator.languages]).filter(Boolean);
  return known.map((tag) => tag.slice(0, 2).toLowerCase()).find((tag) => tag in LANGUAGES) || 'en';
}

/** Full tag for dates and numbers: the browser's own variant of the language (en-GB), if it has one. */
export function tag() {
  return navigator.languages.find((one) => one.slice(0, 2).toLowerCase() === locale.value) || locale.value;
}

/** @param {string} language @param {boolean} [chosen] by hand, so remember it */
export async function speak(language, chosen = false) {
  const answer = await fetch(new URL(`./locales/${language}.json`, import.meta.url));
  const words = await answer.json();
  plural = new Intl.PluralRules(language);
  catalogue.value = words;
  locale.value = language;
  document.documentElement.lang = language;
  if (chosen) remember(CHOSEN, language);
}

/** @param {string} key */
export const has = (key) => key in catalogue.value;

/**
 * The sentence for a key. `{name}` is replaced by `values.name`; where the catalogue has plural forms, `values.n` picks.
 * @param {string} key
 * @param {Record<string, string|number>} [values]
 * @returns {string}
 */
export function t(key, values = {}) {
  const entry = catalogue.value[key];
  if (entry === undefined) return key;
  const form = typeof entry === 'string' ? entry : entry[plural.select(Number(values.n))] || entry.other;
  return form.replace(/\{(\w+)\}/g, (_, name) => isolated(name === 'n' ? number(values.n) : values[name]));
}

/** A right-to-left name must not turn the sentence around it. @param {string|number|undefined} value */
function isolated(value) {
  const text = String(value ?? '');
  return RIGHT_TO_LEFT.test(text) ? `\u2068${text}\u2069` : text;
}

/** @param {any} value */
const number = (value) => new Intl.NumberFormat(tag()).format(Number(value));

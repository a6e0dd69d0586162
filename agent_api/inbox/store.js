/** What the page knows, in one place: fed by reads and frames, read by the views. */
import { computed, signal } from '@preact/signals';

/** @type {import('@preact/signals').Signal<import('./types.js').Session|null|undefined>} undefined: not asked yet */
export const session = signal(undefined);
/** Why the sign-in page is shown, as a catalogue key; empty when nothing went wrong. */
export const signInNotice = signal('');
/** @type {import('@preact/signals').Signal<'live'|'resuming'|'offline'>} */
export const connection = signal('resuming');
/** @type {import('@preact/signals').Signal<{view: string, id: string}>} where we are; the address bar says the same */
export const place = signal({ view: 'open', id: '' });
/** The clock of everything relative ("12 min"); it ticks by itself. */
export const now = signal(Date.now());
/** @type {import('@preact/signals').Signal<Map<string, import('./types.js').Account>>} our ends of the channels, by name */
export const accounts = signal(new Map());
/** @type {import('@preact/signals').Signal<{text: string, bad: boolean}|null>} one sentence that floats for a while */
export const notice = signal(null);
/** What a screen reader is told: new incoming words, apart from statuses. */
export const spoken = signal('');
/** @type {import('@preact/signals').Signal<''|'help'|'settings'|'account'|'accounts'>} the dialog that is open */
export const dialog = signal('');
export const searching = signal('');
/** @type {import('@preact/signals').Signal<Map<string, {name: string, until: number}>>} who writes, by conversation */
export const typing = signal(new Map());

const SETTINGS = 'passerelle.settings';

/** @returns {{keys: boolean, enter: 'send'|'newline', person: boolean}} */
function rememberedSettings() {
  const fallback = { keys: true, enter: 'send', person: false };
  try {
    return { ...fallback, ...JSON.parse(localStorage.getItem(SETTINGS) || '{}') };
  } catch {
    return /** @type {any} */ (fallback);
  }
}

export const settings = signal(rememberedSettings());
export const personOpen = computed(() => settings.value.person);

/** @param {Partial<ReturnType<typeof rememberedSettings>>} change */
export function setSettings(change) {
  settings.value = { ...settings.value, ...change };
  remember(SETTINGS, settings.value);
}

/** Keeps a value over a reload; a full or forbidden store is no reason to fail. @param {string} key @param {any} value */
export function remember(key, value) {
  try {
    if (value === null) localStorage.removeItem(key);
    else localStorage.setItem(key, JSON.stringify(value));
  } catch { /* a private window: the page works, it only forgets */ }
}

/** @param {string} key @returns {any} */
export function recall(key) {
  try {
    return JSON.parse(localStorage.getItem(key) || 'null');
  } catch {
    return null;
  }
}

let fading = 0;

/** Says one sentence at the foot of the page and to a screen reader. @param {string} text @param {boolean} [bad] */
export function say(text, bad = false) {
  notice.value = { text, bad };
  clearTimeout(fading);
  fading = window.setTimeout(() => { notice.value = null; }, bad ? 8000 : 4000);
}

setInterval(() => {
  now.value = Date.now();
  if ([...typing.value.values()].some((who) => who.until < now.value)) {
    typing.value = new Map([...typing.value].filter(([, who]) => who.until >= now.value));
  }
}, 5000);

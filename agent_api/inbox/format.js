/** Times, sizes, names and channels in words. */
import { has, locale, t, tag } from './i18n.js';
import { veiled } from './spans.js';
import { accounts, now, session } from './store.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** @type {Map<string, Intl.DateTimeFormat>} */
const made = new Map();

/** @param {Intl.DateTimeFormatOptions} options */
function dates(options) {
  const key = `${locale.value}|${tag()}|${JSON.stringify(options)}`;
  const known = made.get(key) || new Intl.DateTimeFormat(tag(), options);
  made.set(key, known);
  return known;
}

/** @param {string} at */
export const clockTime = (at) => dates({ hour: '2-digit', minute: '2-digit' }).format(new Date(at));
/** @param {string} at */
export const exactTime = (at) => dates({ dateStyle: 'full', timeStyle: 'medium' }).format(new Date(at));

/** @param {string} at */
export const shortTime = (at) => dates({ dateStyle: 'medium', timeStyle: 'short' }).format(new Date(at));

/** When a line stands: when it was sent, but never after we had it. @param {import('./types.js').Message} line */
export const shownAt = (line) => (line.sent_at && line.sent_at < line.received_at ? line.sent_at : line.received_at);

/** @param {string} at @returns {string} the day, for grouping */
export const dayOf = (at) => new Date(at).toDateString();

/** "Today", "Yesterday", "Friday 20 November". @param {string} at */
export function dayName(at) {
  const day = new Date(at);
  const midnight = new Date(now.value).setHours(0, 0, 0, 0);
  if (day.getTime() >= midnight) return t('time.today');
  if (day.getTime() >= midnight - DAY) return t('time.yesterday');
  const year = day.getFullYear() === new Date(now.value).getFullYear() ? undefined : 'numeric';
  return dates({ weekday: 'long', day: 'numeric', month: 'long', year }).format(day);
}

/** A length of time, as fine as it matters: "12 min", "1 h 05", "7 h", "2 days". @param {number} span in milliseconds */
export function spanText(span) {
  if (span < MINUTE) return t('time.moment');
  if (span < HOUR) return t('time.minutes', { n: Math.floor(span / MINUTE) });
  if (span < 4 * HOUR && span % HOUR >= MINUTE) {
    return t('time.hours_minutes', { h: Math.floor(span / HOUR), m: String(Math.floor((span % HOUR) / MINUTE)).padStart(2, '0') });
  }
  if (span < DAY) return t('time.hours', { n: Math.floor(span / HOUR) });
  return t('time.days', { n: Math.floor(span / DAY) });
}

/** Relative under a day, then the date. @param {string} at */
export function ago(at) {
  const span = now.value - Date.parse(at);
  if (span < MINUTE) return t('time.now');
  if (span < DAY) return t('time.ago', { span: spanText(span) });
  return dates({ day: 'numeric', month: 'short' }).format(new Date(at));
}

/** @param {number} [bytes] */
export function sizeText(bytes) {
  if (!bytes) return '';
  const [unit, value] = bytes < 1e6 ? ['kilobyte', bytes / 1e3] : ['megabyte', bytes / 1e6];
  return new Intl.NumberFormat(tag(), {
    style: 'unit', unit, unitDisplay: 'short', maximumFractionDigits: value < 10 ? 1 : 0,
  }).format(value);
}

/** How long a sound is: "0:07", "1:02:30". @param {number} seconds */
export function lengthText(seconds) {
  const whole = Math.round(seconds);
  const two = (/** @type {number} */ value) => String(value).padStart(2, '0');
  const minutes = Math.floor(whole / 60);
  return minutes < 60 ? `${minutes}:${two(whole % 60)}` : `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(whole % 60)}`;
}

/** A channel's name in words. @param {string|null|undefined} channel */
export const channelName = (channel) => (!channel ? '' : has(`channel.${channel}`) ? t(`channel.${channel}`) : capital(channel));
/** The same, short enough for a row. @param {string|null|undefined} channel */
export const channelTint = (channel) => (has(`channel.${channel}`) ? `tint-${channel}` : 'tint-other');

/** @param {string} word */
const capital = (word) => word.charAt(0).toUpperCase() + word.slice(1);

/** Our end in words: the account's own address when the server says one, else its name. @param {string|null} name */
export function accountName(name) {
  const account = accounts.value.get(name || '');
  const sender = account?.sender || account?.address || account?.label;
  return String(sender || name || '');
}

/** How a provider names a person, for reading: "+33 6…", "Telegram 42". @param {string} identity */
export function identityText(identity) {
  const [scheme, ...rest] = identity.split(':');
  const value = rest[rest.length - 1] || '';
  if (scheme === 'tel') return value;
  if (scheme === 'whatsapp' && /^\d{7,15}$/.test(value)) return `+${value}`;
  return value;
}

/** @param {string} identity */
export const identityChannel = (identity) => (identity.startsWith('tel:') ? 'phone' : identity.split(':')[0]);

/** A person is never nameless: the name, else how to reach them. @param {{name: string, identities: string[]}} person */
export function personName(person) {
  if (person.name.trim()) return person.name;
  const first = person.identities[0];
  return first ? identityText(first) : t('person.unnamed');
}

/** @param {import('./types.js').Actor|null|undefined} actor */
export function actorName(actor) {
  if (!actor) return '';
  if (actor.kind === 'system') return t('actor.system');
  if (actor.id === session.value?.id) return t('actor.you');
  return actor.name || (actor.kind === 'bot' ? t('actor.bot') : t('actor.someone'));
}

/** One line that stands for a message. @param {import('./types.js').Message} message */
export function gist(message) {
  if (message.deleted_at) return t('line.deleted');
  const part = message.parts[0];
  if (!part) return '';
  if (part.kind === 'text' || part.kind === 'choices') return veiled(part.text || '', part.format).replace(/\s+/g, ' ');
  if (part.kind === 'media') return veiled(part.caption || '', part.format) || t(`gist.${part.media_type || 'file'}`);
  if (part.kind === 'choice') return t('gist.choice', { label: part.label || '' });
  if (part.kind === 'link') return part.title || part.url || '';
  if (part.kind === 'location') return part.name || t('gist.location');
  if (part.kind === 'contact') return t('gist.contact', { name: part.name || '' });
  if (part.kind === 'template') return t('gist.template', { name: part.name || '' });
  return t('gist.unsupported');
}

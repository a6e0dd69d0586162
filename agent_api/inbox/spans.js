/** Formatted text: spans over code points, nested as a tree; and where they may lead. Pure. */

/** @typedef {import('./types.js').Span} Span */
/** @typedef {{style: string, start: number, end: number, url: string, language: string}} Piece */
/** @typedef {string | (Piece & {inner: Node[]})} Node */

const MOST = 100;
/** Of spans over the same letters, the one that stands outside. */
const OUTER = ['quote', 'pre', 'spoiler', 'link', 'mention', 'bold', 'italic', 'underline', 'strikethrough', 'code'];
const BLOCKS = ['quote', 'pre'];
const SAFE = ['http:', 'https:', 'mailto:', 'tel:'];

/** @param {Piece} a @param {Piece} b */
const before = (a, b) => a.start - b.start || b.end - a.end || OUTER.indexOf(a.style) - OUTER.indexOf(b.style);

/** The text as a tree. Spans that reach out of it are cut, those that cross are split. @param {string} text @param {Span[]} [spans] @returns {Node[]} */
export function tree(text, spans) {
  if (!spans || !spans.length) return text ? [text] : [];
  const letters = Array.from(text);
  const pieces = spans.slice(0, MOST).map(({ style, start, length, url, language }) => ({
    style, start: Math.max(0, start), end: Math.min(letters.length, start + length), url: url || '', language: language || '',
  }));
  return nested(letters, 0, letters.length, pieces.filter((one) => one.end > one.start && OUTER.includes(one.style)).sort(before));
}

/** @param {string[]} letters @param {number} from @param {number} to @param {Piece[]} pieces in order @returns {Node[]} */
function nested(letters, from, to, pieces) {
  /** @type {Node[]} */
  const out = [];
  let at = from;
  let waiting = pieces;
  const plain = (/** @type {number} */ end) => {
    const last = out[out.length - 1];
    const afterBlock = last && typeof last !== 'string' && BLOCKS.includes(last.style) && letters[at] === '\n';
    const said = letters.slice(afterBlock ? at + 1 : at, end).join('');
    if (said) out.push(said);
  };
  while (waiting.length) {
    const [first, ...others] = waiting;
    if (first.start > at) plain(first.start);
    const inside = others.filter((one) => one.start < first.end);
    out.push({ ...first, inner: nested(letters, first.start, first.end, inside.map((one) => ({ ...one, end: Math.min(one.end, first.end) }))) });
    at = first.end;
    waiting = others.filter((one) => one.end > at).map((one) => (one.start < at ? { ...one, start: at } : one)).sort(before);
  }
  if (at < to) plain(to);
  return out;
}

/** An address that may be opened, or nothing. @param {string} url */
export function safe(url) {
  try {
    const found = new URL(url);
    return SAFE.includes(found.protocol) ? found.href : '';
  } catch {
    return '';
  }
}

/** Where a link leads: as it says, else as its own words do. @param {string} url @param {string} words */
export function leadsTo(url, words) {
  if (url) return safe(url);
  const said = words.trim();
  if (/^[a-z][a-z\d+.-]*:/i.test(said) && safe(said)) return safe(said);
  if (/^[^\s@/]+@[^\s@/]+\.[^\s@/]+$/.test(said)) return `mailto:${said}`;
  if (/^\+?[\d\s().-]{5,}$/.test(said)) return `tel:${said.replace(/[^\d+]/g, '')}`;
  return /^[^\s/:]+\.[^\s]+$/.test(said) ? safe(`https://${said}`) : '';
}

/** The text with what is to be hidden covered. @param {string} text @param {Span[]} [spans] */
export function veiled(text, spans = []) {
  const hidden = spans.filter((span) => span.style === 'spoiler');
  if (!hidden.length) return text;
  return Array.from(text, (letter, at) => (hidden.some(({ start, length }) => at >= start && at < start + length) ? '▒' : letter)).join('');
}

/** The words of a tree. @param {Node[]} nodes @returns {string} */
export const wordsOf = (nodes) => nodes.map((node) => (typeof node === 'string' ? node : wordsOf(node.inner))).join('');

/** The spans of a text that was changed: those beside the change move along, those around it grow or shrink. @param {Span[]} spans @param {string} was @param {string} is @returns {Span[]} */
export function moved(spans, was, is) {
  const [old, now] = [Array.from(was), Array.from(is)];
  const shortest = Math.min(old.length, now.length);
  let head = 0;
  while (head < shortest && old[head] === now[head]) head += 1;
  let tail = 0;
  while (tail < shortest - head && old[old.length - 1 - tail] === now[now.length - 1 - tail]) tail += 1;
  const [end, grown] = [old.length - tail, now.length - old.length];
  return spans.flatMap((span) => {
    const stop = span.start + span.length;
    if (stop <= head) return [span];
    if (span.start >= end) return [{ ...span, start: span.start + grown }];
    if (span.start <= head && stop >= end && span.length + grown > 0) return [{ ...span, length: span.length + grown }];
    return [];
  });
}

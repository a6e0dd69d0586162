/** Puts the lines of a conversation in groups for reading: days, episodes, channels, joined lines. Pure. */
import { asOne, isTogether } from './albums.js';
import { dayOf, shownAt } from './format.js';

/** @typedef {import('./types.js').Message} Message */
/**
 * @typedef {{kind: 'day'|'episode'|'channel'|'event'|'note'|'message', key: string, line: Message,
 *   joined: boolean, last: boolean, lines: Message[]}} Item
 */

const TOGETHER = 2 * 60_000;

/** @param {Message} line */
const author = (line) => `${line.kind}|${line.direction}|${line.author.kind}|${line.author.id}`;

/** What happened, as one word: "assigned", "resolved" … @param {Message} line */
export function eventName(line) {
  const event = line.event || {};
  const said = String(event.kind || event.type || event.name || event.status || '');
  return said.replace(/^conversation\./, '');
}

/** @param {Message[]} lines @returns {Item[]} */
export function arrangeLines(lines) {
  /** @type {Item[]} */
  const items = [];
  let channel = '';
  let ended = false;
  /** @type {Message|null} */
  let before = null;
  lines.forEach((line) => {
    const at = shownAt(line);
    let joins = Boolean(before) && author(/** @type {Message} */ (before)) === author(line)
      && Date.parse(at) - Date.parse(shownAt(/** @type {Message} */ (before))) < TOGETHER && line.kind === 'message';
    const add = (/** @type {Item['kind']} */ kind) => {
      items.push({ kind, key: `${kind}-${line.id}`, line, joined: false, last: true, lines: [line] });
      joins = false;
    };
    if (!before || dayOf(shownAt(before)) !== dayOf(at)) add('day');
    if (ended && line.kind === 'message') add('episode');
    const end = line.channel && `${line.channel}|${line.account}`;
    if (line.kind === 'message' && end && channel && channel !== end) add('channel');
    if (line.kind === 'message') {
      channel = end || channel;
      ended = false;
    } else if (line.kind === 'event') {
      const name = eventName(line);
      if (name === 'resolved') ended = true;
      if (name === 'opened' || name === 'reopened') ended = false;
    }
    const above = items[items.length - 1];
    if (joins && isTogether(/** @type {Message} */ (before), line)) {
      above.lines.push(line);
    } else {
      if (joins) above.last = false;
      items.push({ kind: line.kind === 'message' || line.kind === 'note' ? line.kind : 'event', key: line.client_ref || line.id, line, joined: joins, last: true, lines: [line] });
    }
    before = line;
  });
  items.forEach((item) => { if (item.lines.length > 1) item.line = asOne(item.lines); });
  return items;
}

/** What a line answers, and the way back to it. */
import { actorName, gist } from '../format.js';
import { html } from '../html.js';
import { t } from '../i18n.js';
import { reach } from '../lines.js';
import { say } from '../store.js';

/** @typedef {import('../types.js').Message} Message */

const SHOWN = 2000;

/** Who said a line. @param {Message} line */
export const speaker = (line) => (line.direction === 'out' ? actorName(line.author) : line.author.name || t('actor.someone'));

/** Goes to a line, and reads back until it is there. @param {string} conversation @param {string} id */
export async function goTo(conversation, id) {
  const find = () => /** @type {HTMLElement|null} */ (document.querySelector(`#timeline [data-id~="${CSS.escape(id)}"]`));
  if (!find()) {
    const there = await reach(conversation, id);
    await new Promise((drawn) => { requestAnimationFrame(() => requestAnimationFrame(drawn)); });
    if (!there || !find()) return say(t('line.not_found'), true);
  }
  const line = /** @type {HTMLElement} */ (find());
  line.scrollIntoView({ block: 'center' });
  line.tabIndex = -1;
  line.focus({ preventScroll: true });
  line.classList.add('found');
  setTimeout(() => line.classList.remove('found'), SHOWN);
  return undefined;
}

/** @param {{line: Message, quoted: Message|undefined}} props */
export function Quoted({ line, quoted }) {
  if (!line.reply_to && !line.quote) return null;
  const words = line.quote || (quoted ? gist(quoted) : t('line.quoted'));
  const said = html`${quoted && html`<b dir="auto">${speaker(quoted)}</b>`}<span dir="auto">${words}</span>`;
  if (!line.reply_to) return html`<blockquote class="quoted">${said}</blockquote>`;
  return html`<button type="button" class="quoted" title=${t('line.go_to')} onClick=${() => goTo(line.conversation, line.reply_to || '')}>${said}</button>`;
}

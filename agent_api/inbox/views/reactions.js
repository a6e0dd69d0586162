/** Emojis under a line: which, by whom, since when; and ours to put on and take off. */
import { sentence } from '../actions.js';
import { bare, ourOwn } from '../amend.js';
import { mayReact, react } from '../amending.js';
import { actorName, shortTime } from '../format.js';
import { html } from '../html.js';
import { t } from '../i18n.js';
import { say } from '../store.js';

/** @typedef {import('../types.js').Message} Message */

/** With colours, where an emoji is also a letter. @param {string} emoji */
export const coloured = (emoji) => (/^\p{Emoji}$/u.test(emoji) && !/^\p{Emoji_Presentation}$/u.test(emoji) ? `${emoji}\ufe0f` : emoji);

/** Says what went wrong: the emoji itself stays as it was. @param {Message} line @param {string} emoji */
export const toggle = (line, emoji) => react(line, emoji).catch((error) => say(sentence(error), true));

/** @param {{line: Message}} props */
export function Reactions({ line }) {
  if (!line.reactions.length) return null;
  const groups = Map.groupBy(line.reactions, (one) => bare(one.emoji));
  const ours = mayReact(line);
  return html`<ul class="reactions" aria-label=${t('line.reactions')}>${[...groups].map(([emoji, all]) => {
    const who = all.map((one) => t('line.reacted', { name: actorName(one.by), time: shortTime(one.at) })).join('\n');
    const shown = html`${coloured(emoji)}${all.length > 1 ? html` <span class="many">${all.length}</span>` : null}`;
    return html`<li key=${emoji} data-who=${who}>${ours
      ? html`<button type="button" aria-pressed=${Boolean(ourOwn(line, emoji))} aria-label=${`${coloured(emoji)} ${who}`} onClick=${() => toggle(line, emoji)}>${shown}</button>`
      : html`<span tabindex="0" role="img" aria-label=${`${coloured(emoji)} ${who}`}>${shown}</span>`}</li>`;
  })}</ul>`;
}

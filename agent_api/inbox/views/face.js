/** Who it is, at a glance: the first letters of their name, and over them their picture once it is there. Decoration: the name stands beside it. */
import { html, useEffect, useState } from '../html.js';
import { mediaAddress } from './media.js';
import { Icon } from './icons.js';

const LETTER = /^\p{L}/u;

/** The first letters of the first and the last word; nothing for a name that has none. @param {string} name */
function initials(name) {
  const words = name.trim().split(/\s+/).filter((word) => LETTER.test(word));
  const ends = words.length > 1 ? [words[0], words[words.length - 1]] : words;
  return ends.map((word) => String.fromCodePoint(word.codePointAt(0) || 0).toLocaleUpperCase()).join('');
}

/** @param {{person: import('../types.js').Person}} props */
export function Face({ person }) {
  const { picture } = person;
  const [lost, setLost] = useState(false);
  useEffect(() => setLost(false), [picture]);
  return html`<span class="face" aria-hidden="true">${initials(person.name) || html`<${Icon} name="person" size=${16} />`}${picture && !lost
    && html`<img key=${picture} src=${`${mediaAddress(picture)}?size=thumbnail`} alt="" loading="lazy" decoding="async" onError=${() => setLost(true)} />`}</span>`;
}

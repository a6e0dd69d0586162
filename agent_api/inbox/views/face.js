/** Who it is, at a glance: the first letters of their name, and over them their picture once it is there. Decoration: the name stands beside it. */
import { html, useEffect, useRef, useState } from '../html.js';
import { mediaAddress } from './media.js';
import { Icon } from './icons.js';

const LETTER = /^\p{L}/u;
const TRIES = 5;

/** The first letters of the first and the last word; nothing for a name that has none. @param {string} name */
function initials(name) {
  const words = name.trim().split(/\s+/).filter((word) => LETTER.test(word));
  const ends = words.length > 1 ? [words[0], words[words.length - 1]] : words;
  return ends.map((word) => String.fromCodePoint(word.codePointAt(0) || 0).toLocaleUpperCase()).join('');
}

/** Seconds until a picture that did not show should be asked for again; 0 where it is not on its way. It may have come just now. @param {string} address */
async function later(address) {
  try {
    const answer = await fetch(address, { credentials: 'same-origin' });
    return answer.ok ? Number(answer.headers.get('Retry-After')) || 0.1 : 0;
  } catch {
    return 0;
  }
}

/** @param {{person: import('../types.js').Person}} props */
export function Face({ person }) {
  const { picture } = person;
  return html`<span class="face" aria-hidden="true">${initials(person.name) || html`<${Icon} name="person" size=${16} />`}${picture
    && html`<${Portrait} key=${picture} picture=${picture} />`}</span>`;
}

/** A picture, once it is there: one that has just become known is still on its way to us. @param {{picture: string}} props */
function Portrait({ picture }) {
  const address = `${mediaAddress(picture)}?size=thumbnail`;
  const [shown, setShown] = useState(true);
  const tries = useRef(0);
  const timer = useRef(0);
  const gone = useRef(false);
  useEffect(() => () => { gone.current = true; clearTimeout(timer.current); }, []);

  async function broken() {
    setShown(false);
    tries.current += 1;
    const wait = tries.current < TRIES ? await later(address) : 0;
    if (wait && !gone.current) timer.current = window.setTimeout(() => setShown(true), wait * tries.current * 1000);
  }

  return shown && html`<img src=${address} alt="" loading="lazy" decoding="async" onError=${broken} />`;
}

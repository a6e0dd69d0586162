/** The pieces of a message, each in its own way; what we cannot show we say plainly. */
import { html, useState } from '../html.js';
import { t } from '../i18n.js';
import { Icon } from './icons.js';
import { Media } from './media.js';

/** @typedef {import('../types.js').Part} Shape */

const MANY_LINES = 40;
const MANY_LETTERS = 4000;
const ADDRESS = /\bhttps?:\/\/[^\s<>"']+/gi;
const TAIL = /[.,;:!?»)\]}'"…]+$/;

/** @param {string} href @param {any} text */
const away = (href, text) => html`<a href=${href} target="_blank" rel="noopener noreferrer nofollow">${text}</a>`;

/** Text with its addresses made clickable. Only http and https: nothing that could run. @param {string} text */
function linked(text) {
  /** @type {any[]} */
  const out = [];
  let from = 0;
  for (const match of text.matchAll(ADDRESS)) {
    let href = match[0];
    const tail = TAIL.exec(href)?.[0] || '';
    if (tail && !(tail.startsWith(')') && href.includes('('))) href = href.slice(0, -tail.length);
    out.push(text.slice(from, match.index), away(href, href));
    from = (match.index || 0) + href.length;
  }
  return [...out, text.slice(from)];
}

/** @param {{text: string}} props */
export function Text({ text }) {
  const [open, setOpen] = useState(false);
  const count = text.split('\n').length;
  const long = count > MANY_LINES || text.length > MANY_LETTERS;
  return html`<p class=${long && !open ? 'text clamped' : 'text'} dir="auto">${linked(text)}</p>
    ${long && html`<button type="button" class="link" aria-expanded=${open} onClick=${() => setOpen(!open)}>${open ? t('text.less') : count > 1 ? t('text.all_lines', { n: count }) : t('text.all')}</button>`}`;
}

/** @param {{part: Shape}} props */
function Location({ part }) {
  const at = `${part.latitude},${part.longitude}`;
  const map = `https://www.openstreetmap.org/?mlat=${part.latitude}&mlon=${part.longitude}#map=16/${part.latitude}/${part.longitude}`;
  return html`<p class="card"><${Icon} name="pin" /> <span><strong dir="auto">${part.name || t('gist.location')}</strong>
    ${part.address && html`<br /><span dir="auto">${part.address}</span>`}<br />${away(map, t('part.map', { at }))}</span></p>`;
}

/** @param {{part: Shape}} props */
function Contact({ part }) {
  return html`<p class="card"><${Icon} name="card" /> <span><strong dir="auto">${part.name}</strong>
    ${(part.phones || []).map((phone) => html`<br /><a href=${`tel:${phone.replace(/[^\d+*#]/g, '')}`}>${phone}</a>`)}
    ${(part.emails || []).map((email) => html`<br /><a href=${`mailto:${encodeURIComponent(email)}`}>${email}</a>`)}</span></p>`;
}

/** @param {{part: Shape}} props */
function Choices({ part }) {
  return html`<div class="choices"><${Text} text=${part.text || ''} />
    <ul aria-label=${t('part.choices')}>${(part.choices || []).map((one) => html`<li key=${one.id} dir="auto">${one.label}</li>`)}</ul></div>`;
}

/** @param {{part: Shape}} props */
function Template({ part }) {
  const values = Object.values(part.parameters || {}).join(', ');
  return html`<p><span class="label">${t('part.template')}</span> <strong dir="auto">${part.name}</strong>${part.language ? ` (${part.language})` : ''}
    ${values && html`<br /><span dir="auto">${values}</span>`}</p>`;
}

/** @param {{part: Shape}} props */
function Link({ part }) {
  const url = part.url || '';
  const shown = part.title || url;
  return html`<p class="text" dir="auto">${/^https?:\/\//i.test(url) ? away(url, shown) : shown}${part.title && html`<br /><span class="quiet">${url}</span>`}</p>`;
}

/** @type {Record<string, (props: {part: Shape}) => any>} */
const KINDS = {
  text: ({ part }) => html`<${Text} text=${part.text || ''} />`,
  media: ({ part }) => html`<${Media} part=${part} />${part.caption && html`<${Text} text=${part.caption} />`}`,
  location: Location,
  contact: Contact,
  choices: Choices,
  choice: ({ part }) => html`<p class="picked"><span class="label">${t('part.picked')}</span> <strong dir="auto">${part.label}</strong></p>`,
  template: Template,
  link: Link,
};

/** @param {{part: Shape}} props */
export function Part({ part }) {
  const Kind = KINDS[part.kind];
  return Kind ? html`<${Kind} part=${part} />` : html`<p class="quiet">${t('part.unsupported', { what: part.what || part.kind })}</p>`;
}

/** The pieces of a message, each in its own way; what we cannot show we say plainly. */
import { html } from '../html.js';
import { t } from '../i18n.js';
import { Icon } from './icons.js';
import { Grid, Media, isVisual } from './media.js';
import { Text, away } from './text.js';

/** @typedef {import('../types.js').Part} Shape */

/** @param {{part: Shape}} props */
function Location({ part }) {
  const at = `${part.latitude},${part.longitude}`;
  const map = `https://www.openstreetmap.org/?mlat=${part.latitude}&mlon=${part.longitude}#map=16/${part.latitude}/${part.longitude}`;
  return html`<p class="card place"><${Icon} name="pin" size=${20} /> <span><strong dir="auto">${part.name || t('gist.location')}</strong>
    ${part.address && html`<br /><span dir="auto">${part.address}</span>`}<br />${away(map, t('part.map', { at }))}</span></p>`;
}

/** @param {{part: Shape}} props */
function Contact({ part }) {
  return html`<p class="card"><${Icon} name="card" size=${20} /> <span><strong dir="auto">${part.name}</strong>
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
  text: ({ part }) => html`<${Text} text=${part.text || ''} format=${part.format} />`,
  media: ({ part }) => html`<${Media} part=${part} />${part.caption && html`<${Text} text=${part.caption} format=${part.format} />`}`,
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

/** All that a line says; pictures and films that came together stand together. @param {{parts: Shape[]}} props */
export function Parts({ parts }) {
  const visual = parts.filter(isVisual);
  if (visual.length < 2) return parts.map((part, at) => html`<${Part} key=${at} part=${part} />`);
  const said = parts.flatMap((part) => (!isVisual(part) ? [part] : part.caption ? [{ kind: 'text', text: part.caption, format: part.format }] : []));
  return html`<${Grid} parts=${visual} />${said.map((part, at) => html`<${Part} key=${at} part=${part} />`)}`;
}

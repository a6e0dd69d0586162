/** Words as they were formatted, with their addresses to open. */
import { html, useState } from '../html.js';
import { t } from '../i18n.js';
import { leadsTo, tree, wordsOf } from '../spans.js';

/** @typedef {import('../types.js').Span} Span */
/** @typedef {import('../spans.js').Node} Node */

const MANY_LINES = 40;
const MANY_LETTERS = 4000;
const ADDRESS = /\bhttps?:\/\/[^\s<>"']+/gi;
const TAIL = /[.,;:!?»)\]}'"…]$/;

/** @param {string} href @param {any} text */
export const away = (href, text) => html`<a href=${href} title=${href} target="_blank" rel="noopener noreferrer nofollow">${text}</a>`;

/** Text with its addresses made clickable. Only http and https: nothing that could run. @param {string} text */
function linked(text) {
  /** @type {any[]} */
  const out = [];
  let from = 0;
  for (const match of text.matchAll(ADDRESS)) {
    let [href] = match;
    while (TAIL.test(href) && !(href.endsWith(')') && href.split('(').length >= href.split(')').length)) href = href.slice(0, -1);
    out.push(text.slice(from, match.index), away(href, href));
    from = (match.index || 0) + href.length;
  }
  return [...out, text.slice(from)];
}

/** @param {string} href */
const hostOf = (href) => (href ? new URL(href).host.replace(/^www\./, '') : '');

/** Words that lead somewhere else than they say show where. @param {any} inner @param {Extract<Node, object>} node @param {boolean} literal */
function leading(inner, node, literal) {
  const words = wordsOf(node.inner);
  const href = literal || (node.style === 'mention' && !node.url) ? '' : leadsTo(node.url, words);
  if (!href) return html`<span class=${node.style}>${inner}</span>`;
  const elsewhere = hostOf(href) !== hostOf(leadsTo('', words)) && hostOf(href);
  return html`${away(href, inner)}${elsewhere && html` <span class="host" dir="ltr">${elsewhere}</span>`}`;
}

/** @type {Record<string, (inner: any, node: Extract<Node, object>, literal: boolean) => any>} */
const MARKS = {
  bold: (inner) => html`<strong>${inner}</strong>`,
  italic: (inner) => html`<i>${inner}</i>`,
  underline: (inner) => html`<u>${inner}</u>`,
  strikethrough: (inner) => html`<s>${inner}</s>`,
  code: (inner) => html`<code>${inner}</code>`,
  pre: (inner, { language }) => html`<pre dir="ltr" title=${language || null}><code>${inner}</code></pre>`,
  quote: (inner) => html`<blockquote>${inner}</blockquote>`,
  spoiler: (inner) => html`<${Spoiler}>${inner}<//>`,
  link: leading,
  mention: leading,
};

/** @param {Node[]} nodes @param {boolean} [literal] nothing in it is an address: in code, or in a link @returns {any[]} */
function marked(nodes, literal = false) {
  return nodes.map((node) => {
    if (typeof node === 'string') return literal ? node : linked(node);
    const leads = node.style === 'link' || node.style === 'mention' || node.style === 'code' || node.style === 'pre';
    return MARKS[node.style](marked(node.inner, literal || leads), node, literal);
  });
}

/** Hidden until asked for; what is in it cannot be reached before. @param {{children?: any}} props */
function Spoiler({ children }) {
  const [open, setOpen] = useState(false);
  if (open) return html`<span class="spoiler">${children}</span>`;
  const show = (/** @type {Event} */ event) => { event.preventDefault(); setOpen(true); };
  return html`<span class="spoiler hidden" role="button" tabindex="0" aria-label=${t('text.spoiler')} title=${t('text.spoiler')} onClick=${show}
    onKeyDown=${(/** @type {KeyboardEvent} */ event) => { if (event.key === 'Enter' || event.key === ' ') show(event); }}><span inert>${children}</span></span>`;
}

/** @param {{text: string, format?: Span[]}} props */
export function Text({ text, format }) {
  const [open, setOpen] = useState(false);
  const count = text.split('\n').length;
  const long = count > MANY_LINES || text.length > MANY_LETTERS;
  return html`<div class=${long && !open ? 'text clamped' : 'text'} dir="auto">${marked(tree(text, format))}</div>
    ${long && html`<button type="button" class="link" aria-expanded=${open} onClick=${() => setOpen(!open)}>${open ? t('text.less') : count > 1 ? t('text.all_lines', { n: count }) : t('text.all')}</button>`}`;
}

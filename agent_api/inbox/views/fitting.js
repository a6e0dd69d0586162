/** What the customer will see, where it differs from what is written: asked of the server while one writes. */
import { sentence } from '../actions.js';
import { Problem, post } from '../api.js';
import { partsOf } from '../drafts.js';
import { html, useEffect, useState } from '../html.js';
import { t } from '../i18n.js';

const PAUSE = 400;
/** Characters; a shorter text alone is hardly ever changed. */
const LONG = 600;

/** What to ask about a draft, or nothing. @param {import('../types.js').Draft} held */
function question(held) {
  const answers = (held.labels || []).some((label) => label.trim());
  if (!answers && !held.attachments.length && held.text.length <= LONG) return '';
  if (held.labels && !(answers && held.text.trim())) return '';
  return JSON.stringify({ parts: partsOf(held), ...(held.via ? { via: held.via } : {}) });
}

/** @param {{parts: any[], changes: {what: string}[], segments?: number}} fitted @returns {string} */
function inWords(fitted) {
  const whats = [...new Set(fitted.changes.map((change) => change.what))].filter((what) => what !== 'split');
  return [
    ...((fitted.segments || 0) > 1 ? [t('fit.segments', { n: fitted.segments || 0 })] : []),
    ...(fitted.changes.length && fitted.parts.length > 1 ? [t('fit.messages', { n: fitted.parts.length })] : []),
    ...whats.map((what) => t(`fit.${what}`)),
  ].join(' ');
}

/** @param {{id: string, account: string|null, held: import('../types.js').Draft}} props */
export function Fitting({ id, account, held }) {
  const asked = held.tab === 'reply' ? question(held) : '';
  const [said, setSaid] = useState({ asked: '', words: '' });

  useEffect(() => {
    if (!asked) return undefined;
    let over = false;
    const tell = (/** @type {string} */ words) => { if (!over) setSaid({ asked, words }); };
    const soon = setTimeout(() => {
      post(`/v1/conversations/${encodeURIComponent(id)}/fit`, JSON.parse(asked)).then(
        (fitted) => tell(inWords(fitted)),
        (/** @type {Problem} */ problem) => tell(problem.status === 422 ? sentence(problem) : ''),
      );
    }, PAUSE);
    return () => { over = true; clearTimeout(soon); };
  }, [id, account, asked]);

  return html`<p class="fits quiet" role="status">${asked && said.words}</p>`;
}

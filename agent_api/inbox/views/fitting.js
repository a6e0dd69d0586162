/** What the customer will see, where it differs from what is written: asked of the server while one writes. */
import { sentence } from '../actions.js';
import { Problem, post } from '../api.js';
import { partsOf } from '../drafts.js';
import { html, useEffect, useState } from '../html.js';
import { t } from '../i18n.js';
import { accounts } from '../store.js';

const PAUSE = 400;
/** Characters; a shorter text alone is hardly ever changed. */
const LONG = 600;

/** What to ask about a draft, or nothing; of an SMS everything, for it is paid by the piece. @param {import('../types.js').Draft} held @param {string|null} account */
function question(held, account) {
  const counted = accounts.value.get(held.via || account || '')?.limits?.unit === 'gsm-7' && held.text.trim();
  if (held.template) return '';
  const answers = (held.labels || []).some((label) => label.trim());
  if (!counted && !answers && !held.attachments.length && held.text.length <= LONG) return '';
  if (held.labels && !(answers && held.text.trim())) return '';
  return JSON.stringify({ parts: partsOf(held), ...(held.via ? { via: held.via } : {}) });
}

/** @param {{parts: any[], changes: {what: string}[], segments?: number, left?: number, encoding?: string}} fitted @returns {string} */
function inWords(fitted) {
  const whats = [...new Set(fitted.changes.map((change) => change.what))].filter((what) => what !== 'split');
  return [
    ...(fitted.segments && fitted.left !== undefined ? [t('fit.segments', { n: fitted.segments, left: fitted.left })] : []),
    ...(fitted.segments && fitted.encoding === 'ucs-2' ? [t('fit.unusual')] : []),
    ...(fitted.changes.length && fitted.parts.length > 1 ? [t('fit.messages', { n: fitted.parts.length })] : []),
    ...whats.map((what) => t(`fit.${what}`)),
  ].join(' ');
}

/** @param {{id: string, account: string|null, held: import('../types.js').Draft}} props */
export function Fitting({ id, account, held }) {
  const asked = held.tab === 'reply' ? question(held, account) : '';
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

/** Pictures, sound, films and files, which may still be on their way to us. */
import { html, useEffect, useRef, useState } from '../html.js';
import { lengthText, sizeText } from '../format.js';
import { t } from '../i18n.js';
import { Icon } from './icons.js';

const PATIENCE = 20;
const SLOWEST = 15; // seconds between two tries, times what the server asks for

/** @param {string} id */
export const mediaAddress = (id) => `/v1/media/${encodeURIComponent(id)}`;

/** Asks how a file is without taking it. @param {string} address @returns {Promise<{status: number, wait: number}>} */
async function ask(address) {
  const stop = new AbortController();
  try {
    const answer = await fetch(address, { credentials: 'same-origin', signal: stop.signal });
    return { status: answer.status, wait: Number(answer.headers.get('Retry-After')) || 3 };
  } catch {
    return { status: 0, wait: 5 };
  } finally {
    stop.abort();
  }
}

/** @typedef {'ready'|'coming'|'gone'|'strange'} Stage strange: it is here, and no browser's picture, sound or film */

/**
 * An element could not show its file: finds out whether it is still being fetched, and waits for it if so.
 * @param {string} address @param {() => void} [missing] there is no such form of it
 */
function useArrival(address, missing) {
  const [stage, setStage] = useState(/** @type {Stage} */ ('ready'));
  const [turn, setTurn] = useState(0);
  const tries = useRef(0);
  const timer = useRef(0);
  useEffect(() => () => clearTimeout(timer.current), []);

  async function broken() {
    tries.current += 1;
    const { status, wait } = await ask(address);
    if ((status === 202 || status === 0 || status >= 500) && tries.current < PATIENCE) {
      setStage('coming');
      timer.current = window.setTimeout(broken, wait * Math.min(tries.current, SLOWEST) * 1000);
    } else if (missing && status >= 400 && status < 500) {
      setStage('ready');
      missing();
    } else if (status === 200 && turn < 2) {
      setTurn(turn + 1);
      setStage('ready');
    } else {
      setStage(status === 200 ? 'strange' : 'gone');
    }
  }

  return { stage, source: turn ? `${address}#${turn}` : address, broken };
}

/** @param {{part: import('../types.js').Part}} props */
export function Media({ part }) {
  const kind = part.media_type || 'file';
  if (!part.media) return html`<p class="quiet">${part.url ? t('media.elsewhere') : t('media.gone')}</p>`;
  if (kind === 'image' || kind === 'sticker') return html`<${Picture} part=${part} />`;
  if (kind === 'audio' || kind === 'voice' || kind === 'video') return html`<${Player} part=${part} />`;
  return html`<${File} part=${part} />`;
}

/** @param {{stage: Stage, part: import('../types.js').Part}} props */
function Absent({ stage, part }) {
  const words = stage === 'coming' ? t('media.coming') : t('media.gone');
  return html`<span class="absent" role="status"><${Icon} name=${stage === 'coming' ? 'picture' : 'alert'} size=${16} />
    <span>${part.name ? `${part.name} · ` : ''}${words}</span></span>`;
}

/** @param {{part: import('../types.js').Part}} props */
function Picture({ part }) {
  const full = mediaAddress(part.media || '');
  const [small, setSmall] = useState(part.media_type === 'image' && part.mime !== 'image/gif');
  const { stage, source, broken } = useArrival(small ? `${full}?size=thumbnail` : full, small ? () => setSmall(false) : undefined);
  const large = useRef(/** @type {HTMLDialogElement|null} */ (null));
  const [open, setOpen] = useState(false);
  const words = part.alt || part.name || t('gist.image');
  useEffect(() => { if (open) large.current?.showModal(); }, [open]);
  if (stage === 'strange') return html`<${File} part=${part} />`;
  if (stage !== 'ready') return html`<${Absent} stage=${stage} part=${part} />`;
  const shut = () => large.current?.close();
  return html`<button type="button" class=${`picture ${part.media_type}`} aria-label=${t('media.enlarge', { name: words })} onClick=${() => setOpen(true)}>
      <img src=${source} alt=${words} width=${part.width} height=${part.height} loading="lazy" decoding="async" onError=${broken} /></button>
    ${open && html`<dialog class="large" ref=${large} aria-label=${words} onClose=${() => setOpen(false)} onClick=${shut}>
      <img src=${full} alt=${words} />
      <p><a href=${full} download=${part.name || ''} onClick=${(/** @type {Event} */ event) => event.stopPropagation()}>${t('media.download')}</a>
        <button type="button" onClick=${shut}>${t('dialog.close')}</button></p></dialog>`}`;
}

/** @param {{part: import('../types.js').Part}} props */
function Player({ part }) {
  const { stage, source, broken } = useArrival(mediaAddress(part.media || ''));
  if (stage === 'strange') return html`<${File} part=${part} />`;
  if (stage !== 'ready') return html`<${Absent} stage=${stage} part=${part} />`;
  const words = part.name || t(`gist.${part.media_type}`);
  if (part.media_type === 'video') {
    return html`<video controls preload="metadata" src=${source} width=${part.width} height=${part.height} aria-label=${words} onError=${broken}></video>`;
  }
  return html`<figure class="sound"><figcaption><${Icon} name=${part.media_type === 'voice' ? 'voice' : 'sound'} size=${16} />
      <span dir="auto">${words}</span>${part.duration ? html`<time>${lengthText(part.duration)}</time>` : null}</figcaption>
    <audio controls preload="metadata" src=${source} aria-label=${words} onError=${broken}></audio></figure>`;
}

/** What stands in a grid when it came together. @param {import('../types.js').Part} part */
export const isVisual = (part) => part.kind === 'media' && (part.media_type === 'image' || part.media_type === 'video');

/** @param {{parts: import('../types.js').Part[]}} props */
export function Grid({ parts }) {
  return html`<ul class=${parts.length > 4 || parts.length === 3 ? 'grid three' : 'grid'} aria-label=${t('media.album', { n: parts.length })}>
    ${parts.map((part, at) => html`<li key=${part.media || at}><${Media} part=${part} /></li>`)}</ul>`;
}

/** @param {{part: import('../types.js').Part}} props */
function File({ part }) {
  const [said, setSaid] = useState('');
  const address = mediaAddress(part.media || '');
  const name = part.name || t('gist.file');

  /** A file that is not here yet would be saved as nothing. @param {MouseEvent} event */
  async function take(event) {
    const link = /** @type {HTMLAnchorElement} */ (event.currentTarget);
    if (link.dataset.here) return delete link.dataset.here;
    event.preventDefault();
    const { status } = await ask(address);
    setSaid(status === 202 ? t('media.coming') : status !== 200 ? t('media.gone') : '');
    if (status === 200) {
      link.dataset.here = 'yes';
      link.click();
    }
    return undefined;
  }

  return html`<p class="card"><${Icon} name="file" /> <span><a href=${address} download=${part.name || ''} onClick=${take} dir="auto">${name}</a>
    <br /><span class="quiet">${[part.mime, sizeText(part.size)].filter(Boolean).join(' · ')}</span>
    ${said && html`<br /><span class="warn" role="status">${said}</span>`}</span></p>`;
}

/** Pictures on their way up and those that wait for the reply. */
import { signal } from '@preact/signals';
import { sentence } from '../actions.js';
import { Problem, token, upload } from '../api.js';
import { draft, setDraft } from '../drafts.js';
import { sizeText } from '../format.js';
import { html } from '../html.js';
import { t } from '../i18n.js';
import { Icon } from './icons.js';
import { mediaAddress } from './media.js';

/** @typedef {{key: string, file: File, preview: string, share: number, problem: string, stop: () => void}} Upload */

/** @type {Map<string, import('@preact/signals').Signal<Upload[]>>} */
const going = new Map();

/** @param {string} id */
export function uploads(id) {
  let found = going.get(id);
  if (!found) going.set(id, (found = signal(/** @type {Upload[]} */ ([]))));
  return found;
}

/** @param {DataTransfer|null} from */
export const filesOf = (from) => [...(from?.files || [])];

/** @param {string} id the conversation @param {File[]} files */
export function attach(id, files) {
  files.forEach((file) => start(id, file, token()));
}

/** @param {string} id @param {File} file @param {string} key */
function start(id, file, key) {
  const list = uploads(id);
  const preview = file.type.startsWith('image/') ? URL.createObjectURL(file) : '';
  const change = (/** @type {Partial<Upload>} */ part) => {
    list.value = list.value.map((one) => (one.key === key ? { ...one, ...part } : one));
  };
  const { done, stop } = upload(file, (share) => change({ share }));
  list.value = [...list.value, { key, file, preview, share: 0, problem: '', stop }];
  done.then((attachment) => {
    setDraft(id, { attachments: [...draft(id).value.attachments, { ...attachment, name: attachment.name || file.name, preview }] });
    gone(id, key);
  }, (/** @type {Problem} */ problem) => change({ problem: problem.code === 'stopped' ? '' : sentence(problem) }));
}

/** @param {string} id @param {string} key */
function gone(id, key) {
  uploads(id).value = uploads(id).value.filter((one) => one.key !== key);
}

/** @param {{id: string}} props */
export function Attachments({ id }) {
  const waiting = uploads(id).value;
  const { attachments } = draft(id).value;
  if (!waiting.length && !attachments.length) return null;

  /** @param {string} media */
  const remove = (media) => setDraft(id, { attachments: attachments.filter((one) => one.media !== media) });
  /** @param {Upload} one */
  const stop = (one) => { one.stop(); gone(id, one.key); };
  /** @param {Upload} one */
  const again = (one) => { gone(id, one.key); start(id, one.file, one.key); };

  return html`<ul class="attachments" aria-label=${t('attach.list')}>
    ${attachments.map((one) => html`<li key=${one.media}>
      <${Preview} source=${one.preview || (one.media_type === 'image' ? mediaAddress(one.media) : '')} />
      <span class="name">${one.name}</span><span class="quiet">${sizeText(one.size)}</span>
      <button type="button" class="bare" aria-label=${t('attach.remove', { name: one.name })} title=${t('attach.remove', { name: one.name })} onClick=${() => remove(one.media)}><${Icon} name="close" size=${16} /></button></li>`)}
    ${waiting.map((one) => html`<li key=${one.key}>
      <${Preview} source=${one.preview} />
      <span class="name">${one.file.name}</span>
      ${one.problem
        ? html`<span class="bad" role="alert">${t('attach.failed')} ${one.problem}</span><button type="button" class="link" onClick=${() => again(one)}>${t('again')}</button>`
        : html`<progress max="1" value=${one.share} aria-label=${t('attach.progress', { name: one.file.name })}></progress>`}
      <button type="button" class="bare" aria-label=${t('attach.remove', { name: one.file.name })} title=${t('attach.remove', { name: one.file.name })} onClick=${() => stop(one)}><${Icon} name="close" size=${16} /></button></li>`)}
  </ul>`;
}

/** @param {{source: string}} props */
const Preview = ({ source }) => (source ? html`<img src=${source} alt="" />` : html`<${Icon} name="file" size=${28} />`);

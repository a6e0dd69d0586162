/** Which line is being answered, above where one writes. */
import { draft, setDraft } from '../drafts.js';
import { gist } from '../format.js';
import { html } from '../html.js';
import { t } from '../i18n.js';
import { timeline } from '../lines.js';
import { Icon } from './icons.js';
import { goTo, speaker } from './quoted.js';

/** @param {{id: string}} props */
export function Answering({ id }) {
  const { reply_to: to, tab } = draft(id).value;
  if (!to || tab === 'note') return null;
  const line = timeline(id).lines.value.find((one) => one.id === to);
  const drop = () => {
    setDraft(id, { reply_to: '' });
    document.getElementById('composer-text')?.focus();
  };
  return html`<div class="answering"><${Icon} name="reply" size=${16} />
    <button type="button" class="quoted" title=${t('line.go_to')} onClick=${() => goTo(id, to)}>
      <b>${line ? t('answering', { name: speaker(line) }) : t('answering.unknown')}</b>${line && html`<span dir="auto">${gist(line)}</span>`}</button>
    <button type="button" class="bare" aria-label=${t('answering.drop')} title=${t('answering.drop')} onClick=${drop}><${Icon} name="close" size=${16} /></button></div>`;
}

/** The person: who they are and how they can be met. */
import { sentence } from '../actions.js';
import { Problem, get } from '../api.js';
import { cell } from '../conversations.js';
import { channelName, channelTint, exactTime, ago, identityChannel, identityText, personName } from '../format.js';
import { html, useEffect, useState } from '../html.js';
import { t } from '../i18n.js';
import { setSettings } from '../store.js';
import { Icon } from './icons.js';

/** @param {any} identity a string, or an object that carries one */
const plain = (identity) => (typeof identity === 'string' ? identity : identity.identity || identity.id || '');

/** @param {{id: string}} props */
export function Person({ id }) {
  const conversation = cell(id).value;
  const who = conversation?.person.id || '';
  const [person, setPerson] = useState(/** @type {any} */ (null));
  const [problem, setProblem] = useState(/** @type {Problem|null} */ (null));

  function read() {
    setProblem(null);
    get(`/v1/people/${encodeURIComponent(who)}`).then(setPerson, setProblem);
  }

  useEffect(() => { if (who) read(); }, [who]);

  const shown = person || conversation?.person;
  const identities = (shown?.identities || []).map(plain).filter(Boolean);
  return html`<aside class="person" id="person" tabindex="-1" aria-labelledby="pane-title" data-pane>
    <header><h2 id="pane-title">${t('person.title')}</h2>
      <button type="button" class="bare" aria-label=${t('person.close')} title=${t('person.close')} onClick=${() => setSettings({ person: false })}><${Icon} name="close" /></button></header>
    ${shown && html`<p class="full" dir="auto">${personName({ name: shown.name || '', identities })}</p>`}
    ${problem && html`<p class="bad" role="alert">${t('person.failed')} ${sentence(problem)} <button type="button" class="link" onClick=${read}>${t('again')}</button></p>`}
    ${identities.length > 0 && html`<h3>${t('person.identities')}</h3>
      <ul>${identities.map((/** @type {string} */ one) => html`<li key=${one} class=${channelTint(identityChannel(one))}>
        <span class="quiet">${channelName(identityChannel(one))}</span><span class="value" dir="ltr">${identityText(one)}</span></li>`)}</ul>`}
    ${conversation && html`<dl><dt>${t('person.since')}</dt><dd title=${exactTime(conversation.opened_at)}>${ago(conversation.opened_at)}</dd></dl>`}
  </aside>`;
}

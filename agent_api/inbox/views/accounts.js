/** Which of our ends do not work, why and since when. */
import { ailing } from '../accounts.js';
import { accountName, ago, channelName, channelTint, exactTime } from '../format.js';
import { html } from '../html.js';
import { has, t } from '../i18n.js';
import { accounts, dialog } from '../store.js';
import { Icon } from './icons.js';

/** A sign in the rail, only while something is wrong. */
export function Ailing() {
  const count = ailing.value.length;
  if (!count) return null;
  const words = t('accounts.ailing', { n: count });
  return html`<button type="button" class=${`ailing ${ailing.value[0].state}`} title=${words} aria-label=${words} onClick=${() => { dialog.value = 'accounts'; }}><${Icon} name="alert" size=${20} /></button>`;
}

/** What is wrong, in the reader's language; and as the provider says it, for whoever mends it. @param {{of: import('../types.js').Account}} props */
function Why({ of }) {
  const key = `accounts.why.${of.code}`;
  return html`${of.code && has(key) && html`<p>${t(key)}</p>`}${of.why && html`<p class="quiet" dir="auto" lang="en">${of.why}</p>`}`;
}

/** All of them, those in trouble first. */
export function Accounts() {
  const well = [...accounts.value.values()].filter((one) => !ailing.value.includes(one));
  return html`<ul class="accounts">${[...ailing.value, ...well].map((one) => html`<li key=${one.name} class=${`${channelTint(one.channel)} ${one.state}`}>
    <p><strong dir="auto">${accountName(one.name)}</strong> <span class="quiet">${channelName(one.channel)}</span>
      <span class="state">${t(`accounts.${one.state}`)}${one.state !== 'ok' && one.since && html` · <time title=${exactTime(one.since)}>${ago(one.since)}</time>`}</span></p>
    ${one.state !== 'ok' && html`<${Why} of=${one} />`}
  </li>`)}</ul>
  ${ailing.value.some((one) => one.state === 'down') && html`<p class="quiet">${t('accounts.do')}</p>`}`;
}

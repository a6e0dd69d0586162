/** Where a reply goes and from what; where there is a choice, the line is the menu. */
import { draft, setDraft } from '../drafts.js';
import { accountName, channelName, identityChannel, personName } from '../format.js';
import { html } from '../html.js';
import { t } from '../i18n.js';
import { accounts } from '../store.js';

/** @param {any} account */
const channelOf = (account) => account.channel || account.connector;

/** Our ends by which this person can be met. @param {import('../types.js').Conversation} conversation @returns {any[]} */
function ways(conversation) {
  const channels = new Set(conversation.person.identities.map(identityChannel));
  return [...accounts.value.values()].filter((account) => {
    if (account.brand && account.brand !== conversation.brand) return false;
    if (account.name === conversation.account) return true;
    if (conversation.person.identities.length < 2) return false;
    const channel = channelOf(account);
    return channels.has(channel) || (channels.has('phone') && (channel === 'sms' || channel === 'twilio'));
  });
}

/** @param {{id: string, conversation: import('../types.js').Conversation, note: boolean}} props */
export function Whereto({ id, conversation, note }) {
  if (note) return html`<span class="whereto">${t('whereto.note')}</span>`;
  const name = personName(conversation.person);
  const options = ways(conversation);
  const chosen = draft(id).value.via || conversation.account || '';
  const words = (/** @type {string|null} */ channel, /** @type {string|null} */ account) => t('whereto', { name, channel: channelName(channel), account: accountName(account) });
  const down = accounts.value.get(chosen)?.state === 'down';
  const line = options.length > 1
    ? html`<select class="whereto" aria-label=${t('whereto.menu')} value=${chosen} onChange=${(/** @type {any} */ event) => setDraft(id, { via: event.target.value === conversation.account ? '' : event.target.value, template: null })}>
        ${options.map((one) => html`<option key=${one.name} value=${one.name} selected=${one.name === chosen}>${words(channelOf(one), one.name)}</option>`)}</select>`
    : html`<span class="whereto" dir="auto">${words(conversation.channel, conversation.account)}</span>`;
  return html`${line}${down && html`<span class="bad down">${t('whereto.down')}</span>`}`;
}

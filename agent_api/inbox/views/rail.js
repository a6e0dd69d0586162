/** The rail: where we are in the product, how the connection is, and who we are. */
import { html } from '../html.js';
import { t } from '../i18n.js';
import { unread } from '../list.js';
import { go } from '../place.js';
import { connection, dialog, session } from '../store.js';
import { Ailing } from './accounts.js';
import { Icon } from './icons.js';

/** @param {string} name */
const initials = (name) => name.trim().split(/\s+/).slice(0, 2).map((word) => [...word][0] || '').join('').toUpperCase();

export function Rail() {
  const name = session.value?.name || session.value?.email || '';
  return html`<nav class="rail" aria-label=${t('rail.label')} data-pane>
    <span class="brand" title=${t('app.title')}><${Icon} name="mark" size=${26} /></span>
    <button class="here" type="button" aria-current="page" title=${t('rail.inbox')} onClick=${() => go({ id: '' })}
      aria-label=${unread.value ? t('rail.inbox_unread', { n: unread.value }) : t('rail.inbox')}><${Icon} name="inbox" size=${20} /></button>
    <span class="gap"></span>
    <${Ailing} />
    <span class=${`light ${connection.value}`} role="status" title=${t(`live.${connection.value}.long`)}>
      <i></i><span>${t(`live.${connection.value}`)}</span></span>
    <button type="button" title=${t('rail.help')} aria-label=${t('rail.help')} onClick=${() => { dialog.value = 'help'; }}><${Icon} name="help" size=${20} /></button>
    <button type="button" title=${t('rail.settings')} aria-label=${t('rail.settings')} onClick=${() => { dialog.value = 'settings'; }}><${Icon} name="gear" size=${20} /></button>
    <button type="button" class="me" title=${name} aria-label=${t('rail.account', { name })} onClick=${() => { dialog.value = 'account'; }}><span data-initials=${initials(name)}></span></button>
  </nav>`;
}

/** The whole page: sign-in, or the panes. */
import { html, useEffect } from '../html.js';
import { t } from '../i18n.js';
import { load } from '../list.js';
import { notice, personOpen, place, searching, session, spoken } from '../store.js';
import { Conversation } from './conversation.js';
import { Dialogs } from './dialogs.js';
import { List } from './list.js';
import { Person } from './person.js';
import { Rail } from './rail.js';
import { SignIn } from './signin.js';

export function App() {
  if (session.value === undefined) return html`<div class="blank" aria-busy="true"></div>`;
  return html`
    ${session.value ? html`<${Panes} />` : html`<${SignIn} />`}
    <div class="unseen" role="status">${notice.value ? notice.value.text : ''}</div>
    <div class="unseen" aria-live="polite">${spoken.value}</div>
    ${notice.value && html`<p class=${notice.value.bad ? 'toast bad' : 'toast'} aria-hidden="true">${notice.value.text}</p>`}`;
}

function Panes() {
  const { id, view } = place.value;
  useEffect(() => {
    load();
  }, [view, searching.value]);
  return html`
    <a class="skip" href="#conversation" onClick=${skip}>${t('app.skip')}</a>
    <div class=${`panes${id ? ' chosen' : ''}${personOpen.value && id ? ' with-person' : ''}`}>
      <${Rail} />
      <${List} />
      <${Conversation} key=${id} id=${id} />
      ${personOpen.value && id && html`<${Person} key=${`person-${id}`} id=${id} />`}
    </div>
    <${Dialogs} />`;
}

/** @param {Event} event */
function skip(event) {
  event.preventDefault(); // the address bar says where we are
  (document.getElementById('timeline') || document.getElementById('conversation'))?.focus();
}

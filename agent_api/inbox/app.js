/** The inbox page: starts the catalogue, the session and the views. */
import { effect } from '@preact/signals';
import { html, render } from './html.js';
import { preferred, speak, t } from './i18n.js';
import { listen } from './keys.js';
import { unread } from './list.js';
import { followAddress } from './place.js';
import { begin } from './session.js';
import { session } from './store.js';
import { App } from './views/app.js';

const root = /** @type {HTMLElement} */ (document.getElementById('app'));

await speak(preferred());
begin(); // takes a one-time link out of the address before anything else reads it
followAddress();
render(html`<${App} />`, root);
listen();
// A one-time link pasted into a page that is already open starts it afresh.
window.addEventListener('hashchange', () => { if (location.hash.startsWith('#link=')) location.reload(); });
effect(() => {
  const count = session.value ? unread.value : 0;
  document.title = count ? t('app.title_unread', { n: count }) : t('app.title');
});

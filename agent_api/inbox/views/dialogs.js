/** The dialogs: shortcuts, settings, and who is signed in. Native `<dialog>`: focus goes in and comes back. */
import { html, useEffect, useRef } from '../html.js';
import { LANGUAGES, locale, speak, t } from '../i18n.js';
import { SHORTCUTS } from '../keys.js';
import { signOut } from '../session.js';
import { dialog, session, setSettings, settings } from '../store.js';
import { Accounts } from './accounts.js';
import { Icon } from './icons.js';

const CONTENT = { help: Help, settings: Settings, account: Account, accounts: Accounts };

export function Dialogs() {
  const open = dialog.value;
  return open ? html`<${Dialog} key=${open} name=${open} />` : null;
}

/** @param {{name: keyof typeof CONTENT}} props */
function Dialog({ name }) {
  const box = useRef(/** @type {HTMLDialogElement|null} */ (null));
  useEffect(() => {
    box.current?.showModal();
    return () => box.current?.close();
  }, []);
  const shut = () => { dialog.value = ''; };
  return html`<dialog ref=${box} aria-labelledby="dialog-title" onClose=${shut}
    onClick=${(/** @type {Event} */ event) => event.target === box.current && box.current?.close()}>
    <div class="sheet">
      <header><h2 id="dialog-title">${t(`dialog.${name}`)}</h2>
        <button type="button" class="bare" aria-label=${t('dialog.close')} title=${t('dialog.close')} onClick=${() => box.current?.close()}><${Icon} name="close" /></button></header>
      <${CONTENT[name]} />
    </div>
  </dialog>`;
}

function Help() {
  return html`<table class="shortcuts"><tbody>
      ${SHORTCUTS.map(([key, what]) => html`<tr key=${key}><th scope="row"><kbd>${key === 'Esc' ? t('keys.esc') : key}</kbd></th><td>${t(what)}</td></tr>`)}
    </tbody></table>
    <p class="quiet">${settings.value.keys ? t('keys.where') : t('keys.off')}</p>`;
}

function Settings() {
  const { keys, enter } = settings.value;
  return html`<div class="settings">
    <${Languages} />
    <fieldset><legend>${t('settings.enter')}</legend>
      ${['send', 'newline'].map((one) => html`<label key=${one}><input type="radio" name="enter" checked=${enter === one}
        onChange=${() => setSettings({ enter: /** @type {any} */ (one) })} /> ${t(`settings.enter.${one}`)}</label>`)}
    </fieldset>
    <label><input type="checkbox" checked=${keys} onChange=${(/** @type {any} */ event) => setSettings({ keys: event.target.checked })} /> ${t('settings.keys')}</label>
  </div>`;
}

function Account() {
  return html`<p><strong dir="auto">${session.value?.name}</strong><br />${session.value?.email}</p>
    <p class="quiet">${t(`role.${session.value?.role || 'agent'}`)}</p>
    <button type="button" onClick=${() => signOut().catch(() => {})}>${t('account.sign_out')}</button>`;
}

export function Languages() {
  return html`<fieldset class="languages"><legend>${t('settings.language')}</legend>
    ${Object.entries(LANGUAGES).map(([code, name]) => html`<label key=${code} lang=${code}><input type="radio" name="language"
      checked=${locale.value === code} onChange=${() => speak(code, true)} /> ${name}</label>`)}
  </fieldset>`;
}

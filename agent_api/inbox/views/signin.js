/** The way in: e-mail address and password, or the one-time link that was opened. */
import { sentence } from '../actions.js';
import { Problem } from '../api.js';
import { html, useEffect, useRef, useState } from '../html.js';
import { t } from '../i18n.js';
import { signIn } from '../session.js';
import { signInNotice } from '../store.js';
import { Languages } from './dialogs.js';
import { Icon } from './icons.js';

/** @param {Problem} problem */
function words(problem) {
  if (problem.unanswered) return t('signin.away');
  if (problem.status === 401 || problem.status === 422) return t('signin.wrong');
  return sentence(problem);
}

export function SignIn() {
  const [failure, setFailure] = useState('');
  const [busy, setBusy] = useState(false);
  const email = useRef(/** @type {HTMLInputElement|null} */ (null));
  const password = useRef(/** @type {HTMLInputElement|null} */ (null));
  const said = failure || (signInNotice.value && t(signInNotice.value));
  useEffect(() => { email.current?.focus(); }, []);

  /** @param {Event} event */
  async function submit(event) {
    event.preventDefault();
    if (busy) return;
    if (!email.current?.value.trim() || !password.current?.value) {
      setFailure(t('signin.missing'));
      (email.current?.value.trim() ? password : email).current?.focus();
      return;
    }
    setBusy(true);
    try {
      await signIn(email.current.value.trim(), password.current.value);
    } catch (error) {
      setBusy(false);
      setFailure(words(/** @type {Problem} */ (error)));
      if (!(/** @type {Problem} */ (error).unanswered)) password.current?.select();
    }
  }

  return html`<main class="signin">
    <form onSubmit=${submit} novalidate aria-labelledby="signin-title">
      <span class="brand"><${Icon} name="mark" size=${36} /></span>
      <h1 id="signin-title">${t('signin.title')}</h1>
      <label for="email">${t('signin.email')}</label>
      <input id="email" ref=${email} type="email" name="email" autocomplete="username" inputmode="email" autocapitalize="none" spellcheck=${false}
        aria-invalid=${Boolean(failure)} aria-describedby="signin-said" />
      <label for="password">${t('signin.password')}</label>
      <input id="password" ref=${password} type="password" name="password" autocomplete="current-password"
        aria-invalid=${Boolean(failure)} aria-describedby="signin-said" />
      <p id="signin-said" class=${said ? 'said bad' : 'said'} role="alert">${said}</p>
      <button class="primary" type="submit" disabled=${busy}>${busy ? t('signin.busy') : t('signin.go')}</button>
      <p class="quiet">${t('signin.link')}</p>
    </form>
    <footer><${Languages} /></footer>
  </main>`;
}

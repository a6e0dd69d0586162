/** Coming in and going out: password, one-time link, and what starts and stops with a session. */
import { batch } from '@preact/signals';
import { follow, forget } from './accounts.js';
import { Problem, call, get, onSignedOut, post } from './api.js';
import { applyToConversation, fetchOne, forgetAll } from './conversations.js';
import { applyToLines, distrust, forgetLines } from './lines.js';
import { load, shown, state } from './list.js';
import { connect, disconnect } from './live.js';
import { dialog, place, session, signInNotice } from './store.js';
import { forgetTemplates } from './templates.js';

const LINK = /^#link=(.+)$/;

/** Asks who we are; a one-time link in the address is used once and taken out of it first. */
export async function begin() {
  const link = LINK.exec(location.hash);
  if (link) {
    history.replaceState(null, '', location.pathname);
    try {
      await post('/v1/session', { link: decodeURIComponent(link[1]) });
    } catch (error) {
      const unanswered = /** @type {Problem} */ (error).unanswered;
      return out(unanswered ? 'signin.away' : 'signin.link_used');
    }
  }
  try {
    return enter(await get('/v1/session'));
  } catch (error) {
    return out(/** @type {Problem} */ (error).status === 401 ? '' : 'signin.away');
  }
}

/** @param {string} email @param {string} password */
export async function signIn(email, password) {
  const answer = await post('/v1/session', { email, password });
  enter(answer?.id ? answer : await get('/v1/session'));
}

export async function signOut() {
  try {
    await call('DELETE', '/v1/session');
  } finally {
    out('');
  }
}

/** @param {import('./types.js').Session} who */
function enter(who) {
  signInNotice.value = '';
  session.value = who;
  connect({
    frame: (frame) => batch(() => {
      if (frame.stream?.startsWith('acc:')) follow(500);
      if (!frame.stream?.startsWith('cnv_')) return;
      applyToLines(frame);
      applyToConversation(frame);
    }),
    fresh: readEverything,
  });
  // A network that lets no WebSocket through still shows what there is.
  setTimeout(() => state.value === 'loading' && !shown.value.length && load(), 2500);
}

/** The stream starts here, without a past: what is on the screen is read anew. */
function readEverything() {
  const { id } = place.value;
  follow();
  load(true);
  distrust(id);
  if (id) fetchOne(id).catch(() => {});
}

/** @param {string} why a catalogue key */
function out(why) {
  disconnect();
  batch(() => {
    session.value = null;
    signInNotice.value = why;
    dialog.value = '';
    shown.value = [];
    state.value = 'loading';
    forgetAll();
    forgetLines();
    forget();
    forgetTemplates();
  });
}

onSignedOut.run = () => { if (session.value) out('signin.ended'); };

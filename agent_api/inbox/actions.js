/** What an agent does to a conversation as a whole: take it, resolve it, read it. */
import { Problem, call, post } from './api.js';
import { cell, etagOf, fetchOne, put } from './conversations.js';
import { actorName, personName } from './format.js';
import { has, t } from './i18n.js';
import { neighbour } from './list.js';
import { go } from './place.js';
import { place, say, session } from './store.js';

/** A problem in a sentence: ours for its code, else what the server says. @param {unknown} error */
export function sentence(error) {
  if (!(error instanceof Problem)) return String(error);
  const known = [error.code, ...error.errors.map((one) => one.reason)].find((code) => code !== 'unknown' && has(`problem.${code}`));
  if (known) return t(`problem.${known}`);
  const said = error.errors.map((one) => one.detail).join(' ') || error.detail;
  return said || t('problem.unknown', { status: error.status });
}

/** @param {string} id */
const address = (id) => `/v1/conversations/${encodeURIComponent(id)}`;

/** @param {string} id */
export async function claim(id) {
  try {
    put(await post(`${address(id)}/claim`));
    say(t('said.claimed'));
  } catch (error) {
    const problem = /** @type {Problem} */ (error);
    if (problem.code !== 'already_claimed') return say(sentence(error), true);
    const fresh = await fetchOne(id).catch(() => cell(id).value);
    say(t('said.already_claimed', { name: actorName(fresh?.assignee) || problem.detail }), true);
  }
  return undefined;
}

/** @param {string} id @param {Record<string, any>} change @param {string} done what to say then */
async function change(id, change, done) {
  try {
    const { data, etag } = await call('PATCH', address(id), { body: change, etag: etagOf(id) });
    put(data, etag);
    say(done);
    return true;
  } catch (error) {
    if (/** @type {Problem} */ (error).status === 412) {
      await fetchOne(id).catch(() => {});
      say(t('said.changed_meanwhile'), true);
    } else {
      say(sentence(error), true);
    }
    return false;
  }
}

/** @param {string} id */
const name = (id) => (cell(id).value ? personName(/** @type {any} */ (cell(id).value).person) : '');

/** @param {string} id @param {boolean} [onward] to the next one */
export async function resolve(id, onward = false) {
  const next = neighbour(1) || neighbour(-1);
  const done = await change(id, { status: 'resolved' }, t('said.resolved', { name: name(id) }));
  if (done && onward && place.value.id === id) go({ id: next });
}

/** @param {string} id */
export const reopen = (id) => change(id, { status: 'open' }, t('said.reopened', { name: name(id) }));
/** @param {string} id */
export const release = (id) => change(id, { assignee: null }, t('said.released'));

/** @param {string} id */
export const isMine = (id) => cell(id).value?.assignee?.id === session.value?.id;

/** @type {Map<string, string>} the last line we said we had read, by conversation */
const told = new Map();

/** Says that we have read up to a line; once per line. @param {string} id @param {string} upTo */
export function markRead(id, upTo) {
  const held = cell(id);
  if (!held.value?.unread || told.get(id) === upTo) return;
  told.set(id, upTo);
  held.value = { ...held.value, unread: 0 };
  post(`${address(id)}/read`, { up_to: upTo }).catch(() => told.delete(id));
}

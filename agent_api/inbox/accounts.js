/** Our ends of the channels: what they can do, and whether they work. */
import { computed } from '@preact/signals';
import { get } from './api.js';
import { accounts, session } from './store.js';

/** @typedef {import('./types.js').Account} Account */

const EVERY = 60_000;
let due = 0;
let said = '';

/** Those that do not work as they should, the worst first. */
export const ailing = computed(() => [...accounts.value.values()].filter((one) => one.state === 'down' || one.state === 'degraded').sort((a, b) => Number(b.state === 'down') - Number(a.state === 'down')));

/** Whether an account has a power, as far as we know. @param {string|null|undefined} account @param {string} power */
export const can = (account, power) => Boolean(accounts.value.get(account || '')?.powers?.includes(power));

/** Reads all of them; what is not different leaves the page alone. */
async function read() {
  const answer = await get('/v1/accounts');
  const now = JSON.stringify(answer.data);
  if (now === said) return;
  said = now;
  accounts.value = new Map(answer.data.map((/** @type {Account} */ one) => [one.name, one]));
}

/** Reads them now or soon, and from then on every minute while somebody looks. @param {number} [wait] */
export function follow(wait = 0) {
  clearTimeout(due);
  due = window.setTimeout(async () => {
    if (!session.value) return;
    if (!document.hidden) await read().catch(() => {}); // the next turn asks again
    follow(EVERY);
  }, wait);
}

export function forget() {
  clearTimeout(due);
  said = '';
  accounts.value = new Map();
}

document.addEventListener('visibilitychange', () => { if (!document.hidden && session.value) follow(1000); });

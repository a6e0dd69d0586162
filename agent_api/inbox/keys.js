/** Shortcuts: single letters, only outside text fields, and off for those who do not want them. */
import { claim, reopen, resolve } from './actions.js';
import { cell } from './conversations.js';
import { setDraft } from './drafts.js';
import { neighbour } from './list.js';
import { go } from './place.js';
import { dialog, place, session, setSettings, settings } from './store.js';

/** Every shortcut with the catalogue key that says what it does, in the order of the help. */
export const SHORTCUTS = [
  ['j', 'keys.next'], ['k', 'keys.previous'], ['r', 'keys.reply'], ['n', 'keys.note'], ['e', 'keys.resolve'],
  ['E', 'keys.resolve_next'], ['i', 'keys.claim'], [']', 'keys.person'], ['/', 'keys.search'], ['?', 'keys.help'],
  ['F6', 'keys.panes'], ['Esc', 'keys.escape'],
];

/** @param {string} selector */
const focus = (selector) => /** @type {HTMLElement|null} */ (document.querySelector(selector))?.focus();

/** @param {number} step */
function move(step) {
  const id = neighbour(step);
  if (!id) return;
  go({ id }, Boolean(place.value.id));
  requestAnimationFrame(() => document.querySelector('.row[aria-selected=true]')?.scrollIntoView({ block: 'nearest' }));
}

/** @param {'reply'|'note'} tab */
function write(tab) {
  const { id } = place.value;
  if (!id) return;
  setDraft(id, { tab });
  requestAnimationFrame(() => focus('#composer-text, .template input'));
}

/** @type {Record<string, (id: string) => void>} */
const does = {
  j: () => move(1),
  k: () => move(-1),
  r: () => write('reply'),
  n: () => write('note'),
  e: (id) => id && (cell(id).value?.status === 'resolved' ? reopen(id) : resolve(id)),
  E: (id) => id && resolve(id, true),
  i: (id) => id && claim(id),
  ']': () => setSettings({ person: !settings.value.person }),
  '/': () => focus('#search'),
  '?': () => { dialog.value = 'help'; },
};

const PANES = ['#list .row[tabindex="0"], #search', '#timeline', '#composer-text, .template input', '#person'];

/** @param {boolean} back */
function nextPane(back) {
  const panes = PANES.map((one) => /** @type {HTMLElement|null} */ (document.querySelector(one))).filter((one) => one?.offsetParent);
  const at = panes.findIndex((one) => one?.closest('[data-pane]')?.contains(document.activeElement));
  panes[(at + (back ? -1 : 1) + panes.length) % panes.length]?.focus();
}

/** @param {EventTarget|null} target */
const isTyping = (target) => target instanceof HTMLElement && target.matches('input, textarea, select, [contenteditable]');

export function listen() {
  document.addEventListener('keydown', (event) => {
    if (!session.value || event.defaultPrevented || document.querySelector('dialog[open]')) return;
    if (event.key === 'F6') {
      event.preventDefault();
      nextPane(event.shiftKey);
    } else if (event.key === 'Escape' && isTyping(event.target)) {
      /** @type {HTMLElement} */ (event.target).blur();
      focus('#timeline');
    } else if (settings.value.keys && !isTyping(event.target) && !event.ctrlKey && !event.metaKey && !event.altKey && does[event.key]) {
      event.preventDefault();
      does[event.key](place.value.id);
    }
  });
}

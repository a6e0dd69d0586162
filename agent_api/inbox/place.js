/** Where we are, in the address bar: `#/open/cnv_…`, so that Back, reload and links work. */
import { place } from './store.js';
import { VIEWS } from './list.js';

/** @returns {{view: string, id: string}} */
function read() {
  const [view, id = ''] = location.hash.replace(/^#\/?/, '').split('/');
  return { view: view in VIEWS ? view : 'open', id: decodeURIComponent(id) };
}

/** @param {{view?: string, id?: string}} to @param {boolean} [instead] without a step for Back */
export function go(to, instead = false) {
  const next = { ...place.value, ...to };
  const hash = `#/${next.view}${next.id ? `/${encodeURIComponent(next.id)}` : ''}`;
  if (hash === location.hash) return;
  history[instead ? 'replaceState' : 'pushState'](null, '', hash);
  place.value = next;
}

export function followAddress() {
  const follow = () => { place.value = read(); };
  window.addEventListener('popstate', follow);
  window.addEventListener('hashchange', follow);
  follow();
}

/** The live feed: one WebSocket, resumed where it stopped, so that no frame is missed. */
import { Problem, get, onSignedOut } from './api.js';
import { connection, typing } from './store.js';

const LONGEST_WAIT = 20_000;
/** A clock that jumped means that the machine slept: the socket may be dead without knowing. */
const SLEPT = 45_000;
const SIGNED_OUT = 4401;
const EXPIRED = 4010;

/** @type {WebSocket|null} */
let socket = null;
let cursor = '';
let tries = 0;
let timer = 0;
let wanted = false;
/** @type {(frame: import('./types.js').Frame) => void} */
let deliver = () => {};
/** @type {() => void} */
let restart = () => {};

/**
 * @param {{frame: (frame: import('./types.js').Frame) => void, fresh: () => void}} on `fresh` runs when a stream
 *   starts without a past: read everything now
 */
export function connect(on) {
  deliver = on.frame;
  restart = on.fresh;
  wanted = true;
  cursor = '';
  tries = 0;
  open();
}

export function disconnect() {
  wanted = false;
  clearTimeout(timer);
  socket?.close();
  socket = null;
}

function open() {
  clearTimeout(timer);
  const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
  const after = cursor ? `?after=${encodeURIComponent(cursor)}` : '';
  const mine = new WebSocket(`${scheme}://${location.host}/v1/live${after}`);
  socket = mine;
  mine.onmessage = (event) => mine === socket && take(JSON.parse(event.data));
  mine.onclose = (event) => mine === socket && closed(event.code);
}

/** @param {import('./types.js').Frame} frame */
function take(frame) {
  if (frame.type === 'hello') {
    const fresh = !cursor;
    cursor = frame.cursor || '';
    tries = 0;
    connection.value = 'live';
    if (fresh) restart();
  } else if (frame.type === 'record') {
    cursor = frame.cursor || cursor;
    deliver(frame);
  } else if (frame.type === 'typing') {
    writes(frame);
  }
}

/** @param {any} frame */
function writes(frame) {
  const id = frame.conversation || frame.stream;
  const who = frame.by || frame.author || {};
  if (id && who.kind !== 'agent') typing.value = new Map(typing.value).set(id, { name: who.name || '', until: Date.now() + 6000 });
}

/** @param {number} code */
function closed(code) {
  socket = null;
  if (!wanted) return;
  if (code === SIGNED_OUT) {
    onSignedOut.run();
    return;
  }
  if (code === EXPIRED) cursor = '';
  tries += 1;
  connection.value = tries > 2 || !navigator.onLine ? 'offline' : 'resuming';
  const longest = Math.min(LONGEST_WAIT, 500 * 2 ** Math.min(tries - 1, 6));
  timer = window.setTimeout(reopen, longest / 2 + (Math.random() * longest) / 2);
}

/** A refused upgrade does not say why: a session that ended is asked for. */
async function reopen() {
  if (tries > 1) {
    try {
      await get('/v1/session');
    } catch (error) {
      if (/** @type {Problem} */ (error).status === 401) return onSignedOut.run();
    }
  }
  return wanted && !socket ? open() : undefined;
}

function again() {
  if (!wanted) return;
  const old = socket;
  socket = null;
  old?.close();
  tries = 0;
  connection.value = 'resuming';
  open();
}

window.addEventListener('online', again);
window.addEventListener('offline', () => { if (wanted) connection.value = 'offline'; });

let last = Date.now();
setInterval(() => {
  const slept = Date.now() - last > SLEPT;
  last = Date.now();
  if (slept) again();
}, 5000);

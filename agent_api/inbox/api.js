/** Calls to the agent API: same origin, the session's cookie, problems as one error type. */

/** What went wrong with a call. `code` is the server's, or `network` when there was no answer. */
export class Problem extends Error {
  /** @param {{status?: number, code?: string, title?: string, detail?: string, errors?: any[], owner?: any}} from */
  constructor(from) {
    super(from.detail || from.title || from.code || String(from.status));
    this.status = from.status || 0;
    this.code = from.code || 'network';
    this.detail = from.detail || '';
    /** @type {{pointer: string, detail: string, reason?: string}[]} `reason`: a delivery failure's */
    this.errors = from.errors || [];
    this.body = from;
  }

  /** Nobody answered, so nobody knows: repeating with the same key is safe. */
  get unanswered() {
    return this.status === 0 || this.status >= 502;
  }
}

/** Called when the server no longer knows us. */
export const onSignedOut = { run: () => {} };

const PATIENCE = 30_000;

/**
 * One call. Answers the JSON body (null for none) and the ETag.
 * @param {string} method
 * @param {string} path
 * @param {{body?: any, key?: string, etag?: string}} [options]
 * @returns {Promise<{data: any, etag: string}>}
 */
export async function call(method, path, { body, key, etag } = {}) {
  /** @type {Record<string, string>} */
  const headers = { Accept: 'application/json' };
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  if (key) headers['Idempotency-Key'] = key;
  if (etag) headers['If-Match'] = etag;
  let answer;
  let text;
  try {
    answer = await fetch(path, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      credentials: 'same-origin',
      signal: AbortSignal.timeout(PATIENCE),
    });
    text = await answer.text();
  } catch {
    throw new Problem({ code: 'network' });
  }
  const data = parsed(text);
  if (answer.ok) return { data, etag: answer.headers.get('ETag') || '' };
  if (answer.status === 401 && !path.startsWith('/v1/session')) onSignedOut.run();
  throw new Problem({ code: 'unknown', ...(data || {}), status: answer.status });
}

/** @param {string} path */
export const get = async (path) => (await call('GET', path)).data;
/** @param {string} path @param {any} [body] @param {string} [key] */
export const post = async (path, body = {}, key = '') => (await call('POST', path, { body, key })).data;

/** @param {string} text */
function parsed(text) {
  try {
    return text ? JSON.parse(text) : null;
  } catch {
    return null;
  }
}

/**
 * Sends a file up, saying how far it is. `fetch` cannot tell, so this is XMLHttpRequest.
 * @param {File} file
 * @param {(share: number) => void} progress from 0 to 1
 * @returns {{done: Promise<import('./types.js').Attachment>, stop: () => void}}
 */
export function upload(file, progress) {
  const request = new XMLHttpRequest();
  const done = new Promise((resolve, reject) => {
    const form = new FormData();
    form.append('file', file, file.name || 'picture.png');
    request.open('POST', '/v1/attachments');
    request.upload.onprogress = (event) => event.lengthComputable && progress(event.loaded / event.total);
    request.onload = () => {
      const data = parsed(request.responseText);
      if (request.status === 201 && data) return resolve(data);
      if (request.status === 401) onSignedOut.run();
      return reject(new Problem({ code: 'unknown', ...(data || {}), status: request.status }));
    };
    request.onerror = () => reject(new Problem({ code: 'network' }));
    request.onabort = () => reject(new Problem({ code: 'stopped' }));
    request.send(form);
  });
  return { done, stop: () => request.abort() };
}

/** A value nobody else has: references and idempotency keys. Works without a secure context. */
export function token() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

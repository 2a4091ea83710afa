// Sends requests to the server that the page came from, and to no other server.

/** An error that the server reported: `status` and `code`, and a message that says what would be right. */
export class Refused extends Error {
  constructor(status, body) {
    super(typeof body?.detail === 'string' ? body.detail : `the server answered ${status}`);
    this.status = status;
    this.code = body?.code;
  }
}

// A proxy may show the page under a path of its own, so every address is relative to the page's.
const below = (path) => `.${path}`;

/** Returns the address of the server, without a slash at its end. */
export const server = () => new URL('.', location.href).href.replace(/\/$/, '');

async function ask(path, options = {}) {
  let response;
  try {
    response = await fetch(below(path), options);
  } catch {
    throw new Refused(0, { detail: 'the server cannot be reached' });
  }
  const text = await response.text();
  let body = null;
  try { body = JSON.parse(text); } catch { /* A body that is not JSON counts as none. */ }
  if (!response.ok) throw new Refused(response.status, body);
  return body;
}

/** Returns the answer to `GET path`. */
export const get = (path, options) => ask(path, options);

/** Returns the answer to `POST path` with a JSON body. */
export const post = (path, body, headers = {}) =>
  ask(path, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) });

/** Calls `onmessage` with each server-sent event until the returned function is called. The browser reconnects by itself. */
export function listen(path, onmessage) {
  const source = new EventSource(below(path));
  source.addEventListener('run', (event) => onmessage(JSON.parse(event.data)));
  return () => source.close();
}

// Requests to the server that this page came from, and to no other.

/** What a server says against a request: `status`, `code`, and a text that says what would be right. */
export class Refused extends Error {
  constructor(status, body) {
    super(typeof body?.detail === 'string' ? body.detail : `the server answered ${status}`);
    this.status = status;
    this.code = body?.code;
  }
}

async function ask(path, options = {}) {
  let response;
  try {
    response = await fetch(path, options);
  } catch {
    throw new Refused(0, { detail: 'the server cannot be reached' });
  }
  const text = await response.text();
  let body = null;
  try { body = JSON.parse(text); } catch { /* A body that is no JSON is as good as none. */ }
  if (!response.ok) throw new Refused(response.status, body);
  return body;
}

/** The answer to `GET path`. */
export const get = (path, options) => ask(path, options);

/** The answer to `POST path` with a JSON body. */
export const post = (path, body, headers = {}) =>
  ask(path, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) });

/** Listens to server-sent events as JSON until `stop()`; the browser connects again by itself. */
export function listen(path, onmessage) {
  const source = new EventSource(path);
  source.addEventListener('run', (event) => onmessage(JSON.parse(event.data)));
  return () => source.close();
}

// Writes an action for use elsewhere: as JSON, as a command with curl, and as a program in Python.

import { server } from '../lib/api.js';
import { copier, h, set } from '../lib/dom.js';

const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

/** Returns the action as JSON. */
export const asJson = (action) => JSON.stringify(action, null, 2);

/** Returns the step as a command for a shell. */
export function asCurl(action, episode, origin) {
  return [`curl -s ${quoted(`${origin}/step`)}`, "-H 'content-type: application/json'", `-H ${quoted(`x-episode-id: ${episode}`)}`, `-d ${quoted(JSON.stringify(action))}`].join(' \\\n  ');
}

/** Returns the step as a program that needs only Python. */
export function asPython(action, episode, origin) {
  // A string in JSON is also one in Python. The action is read back from JSON, because true and null have other names in Python.
  const text = (value) => JSON.stringify(value);
  return `import json
import urllib.request

action = json.loads(${text(JSON.stringify(action))})
request = urllib.request.Request(
    ${text(`${origin}/step`)},
    data=json.dumps(action).encode(),
    headers={"content-type": "application/json", "x-episode-id": ${text(episode)}},
)
with urllib.request.urlopen(request) as response:
    result = json.load(response)
print(result["reward"], result["done"], result["observation"]["feedback"])
`;
}

/** Returns buttons that copy the action that `action()` returns, for the episode that `episode()` names. */
export function copies(action, episode) {
  const button = (label, id, text) => set(copier(label, text), { 'data-testid': id, class: 'small' });
  return h('div.row.play-copies', h('span.small.soft', 'Copy as'),
    button('curl', 'copy-curl', () => asCurl(action(), episode(), server())),
    button('JSON', 'copy-json', () => asJson(action())),
    button('Python', 'copy-python', () => asPython(action(), episode(), server())));
}

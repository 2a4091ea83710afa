// An action as text for other places: as JSON, for curl, for Python.

import { copier, h, set } from '../lib/dom.js';

const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

/** The action as JSON. */
export const asJson = (action) => JSON.stringify(action, null, 2);

/** The step as a command for a shell. */
export function asCurl(action, episode, origin) {
  return [`curl -s ${quoted(`${origin}/step`)}`, "-H 'content-type: application/json'", `-H ${quoted(`x-episode-id: ${episode}`)}`, `-d ${quoted(JSON.stringify(action))}`].join(' \\\n  ');
}

/** The step as a program that needs nothing but Python. */
export function asPython(action, episode, origin) {
  // A text in JSON is one in Python as well; the action is read back from JSON, where true and null are called otherwise.
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

/** Buttons that copy the action that `action()` gives, for the episode that `episode()` names. */
export function copies(action, episode) {
  const button = (label, id, text) => set(copier(label, text), { 'data-testid': id, class: 'small' });
  return h('div.row.play-copies', h('span.small.soft', 'Copy as'),
    button('curl', 'copy-curl', () => asCurl(action(), episode(), location.origin)),
    button('JSON', 'copy-json', () => asJson(action())),
    button('Python', 'copy-python', () => asPython(action(), episode(), location.origin)));
}

// The page itself: it shows the view that the address names, and it switches the theme.

import { announce, fill, h } from './lib/dom.js';

// The module of a view is fetched when the view is first needed.
const VIEWS = [
  [/^\/play(?:\/.*)?$/, 'play', 'Play', () => import('./play/index.js')],
  [/^\/scores$/, 'scores', 'Scores', () => import('./runs/scores.js')],
  [/^\/runs\/([^/]+)$/, 'scores', 'Run', () => import('./runs/run.js')],
  [/^\/compare\/([^/]+)\/([^/]+)$/, 'scores', 'Comparison', () => import('./runs/compare.js')],
  [/^\/runs\/([^/]+)\/episodes\/(\d+)(?:\/(\d+))?$/, 'scores', 'Trajectory', () => import('./episode/trajectory.js')],
  [/^\/beside\/([^/]+)\/(\d+)\/([^/]+)\/(\d+)$/, 'scores', 'Side by side', () => import('./episode/side-by-side.js')],
];

let leave = null;
let shown = null;
/** Counts the changes of the address, so that an answer for an earlier address is dropped. */
let turn = 0;

/** Shows the view that the address names. If that view is shown already, it may go to the new address by itself. */
async function show() {
  const path = plain(location.hash.slice(1) || '/play');
  const found = VIEWS.find(([pattern]) => pattern.test(path));
  const main = document.getElementById('main');
  const mine = ++turn;
  if (!found) {
    leave?.();
    leave = shown = null;
    fill(main, h('div.card', h('h1', 'There is no such view'), h('p', h('a', { href: '#/play' }, 'Play an incident'))));
    return;
  }
  const [pattern, name, title, load] = found;
  const parts = pattern.exec(path).slice(1).map((part) => part && plain(part));
  for (const link of document.querySelectorAll('nav [data-view]')) {
    if (link.dataset.view === name) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
  document.title = `${title} · incident-bench`;
  const view = await load();
  if (mine !== turn) return;
  if (shown === view && view.move?.(parts)) return;
  leave?.();
  leave = null;
  shown = view;
  // Each view fills an element that only it has, so that a view that arrives too late does not fill the one that is shown.
  const place = h('div.view');
  fill(main, place);
  try {
    const left = (await view.open(place, parts)) || null;
    if (mine === turn) leave = left;
    else left?.();
  } catch (error) {
    fill(place, h('div.card', h('h1', title), h('p.notice.bad', { role: 'alert' }, error.message)));
  }
  if (mine === turn) announce(document.title);
}

/** Decodes a part of an address. A part that cannot be decoded is returned as it is. */
function plain(part) {
  try { return decodeURIComponent(part); } catch { return part; }
}

/** Stores settings of the page in the browser. In a frame of another origin a browser may refuse to store anything. */
const store = {
  get(key) { try { return localStorage.getItem(key); } catch { return null; } },
  set(key, value) { try { localStorage.setItem(key, value); } catch { /* The setting is lost when the page is left. */ } },
};

const THEMES = ['system', 'light', 'dark'];

function theme() {
  const button = document.getElementById('theme');
  let now = store.get('theme');
  if (!THEMES.includes(now)) now = 'system';
  const apply = () => {
    if (now === 'system') delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = now;
    fill(button, h('span.wide', 'Theme: '), now);
    button.setAttribute('aria-label', `Theme: ${now}`);
  };
  button.addEventListener('click', () => {
    now = THEMES[(THEMES.indexOf(now) + 1) % THEMES.length];
    store.set('theme', now);
    apply();
  });
  apply();
}

theme();
// The link moves the focus without changing the address, because the address names the view.
document.querySelector('.skip').addEventListener('click', (event) => {
  event.preventDefault();
  document.getElementById('main').focus();
});
addEventListener('hashchange', show);
show();

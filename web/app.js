// The page: which view stands for the address, and the theme.

import { announce, fill, h } from './lib/dom.js';

// A view is fetched when it is first needed.
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
/** Counts the changes of the address: what was asked for by an earlier one comes too late. */
let turn = 0;

/** Shows the view of the address. A view that is there already may take another address of its own. */
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
  // A place of its own, so that a view which comes too late fills nothing that is shown.
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

/** A part of an address as it was meant; as it is, where it means nothing. */
function plain(part) {
  try { return decodeURIComponent(part); } catch { return part; }
}

/** What a browser keeps for the page; in a frame of another origin it may keep nothing. */
const store = {
  get(key) { try { return localStorage.getItem(key); } catch { return null; } },
  set(key, value) { try { localStorage.setItem(key, value); } catch { /* It is asked again next time. */ } },
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
// Not by the address, which says what is shown.
document.querySelector('.skip').addEventListener('click', (event) => {
  event.preventDefault();
  document.getElementById('main').focus();
});
addEventListener('hashchange', show);
show();

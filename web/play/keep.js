// Keeps the episode in the browser's tab, so that it survives a reload of the page.

import { Episode } from './episode.js';

const KEY = 'incident-bench-episode';

/** Stores an episode in its present state. */
export function keep({ observation, steps, defined }) {
  // A tab may refuse to store anything or have no room. Then a reload starts without the episode.
  try { sessionStorage.setItem(KEY, JSON.stringify({ observation, steps, defined })); } catch { /* Nothing is stored. */ }
}

/** Returns the episode that was stored; null if there is none, or if the server's state of it is another. */
export async function kept(groups) {
  try {
    const { observation, steps, defined } = JSON.parse(sessionStorage.getItem(KEY));
    const episode = new Episode(observation, groups, steps, defined);
    const state = await episode.fetchState();
    const same = ['episode_id', 'scenario_id', 'step_count'].every((key) => state[key] === observation[key]);
    return same ? episode : null;
  } catch {
    return null;
  }
}

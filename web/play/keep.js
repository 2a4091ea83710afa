// Keeps the episode in the tab, so that it is there after a reload of the page.

import { Episode } from './episode.js';

const KEY = 'incident-bench-episode';

/** Keeps an episode as it stands now. */
export function keep({ observation, steps }) {
  // A tab may refuse to keep anything, or have no room: then a reload begins anew.
  try { sessionStorage.setItem(KEY, JSON.stringify({ observation, steps })); } catch { /* as said */ }
}

/** The episode that was kept; null where there is none, or where the server no longer has it as it was. */
export async function kept(groups) {
  try {
    const { observation, steps } = JSON.parse(sessionStorage.getItem(KEY));
    const episode = new Episode(observation, groups, steps);
    const state = await episode.fetchState();
    const same = ['episode_id', 'scenario_id', 'step_count'].every((key) => state[key] === observation[key]);
    return same ? episode : null;
  } catch {
    return null;
  }
}

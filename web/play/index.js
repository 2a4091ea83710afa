// The Play view: the choice of an incident, and the tours. The episode is played on board.js, which is fetched when these are shown.

import { get } from '../lib/api.js';
import { announce, fill, h } from '../lib/dom.js';
import { start } from './episode.js';
import * as tab from './keep.js';
import { setup } from './setup.js';
import { tourButtons, tourPanel } from './tour.js';
import { sentence } from './words.js';

/** The episode outlives the view, so that a reader who visits the scores finds it again. */
let kept = null;

/** Opens the view in `main`. The returned function must be called when the view is left. */
export async function open(main) {
  const { tasks, action_schema: schema = {} } = await get('/tasks');
  const groups = { __proto__: null };
  for (const group of ['diagnostic', 'remediation', 'submission']) for (const type of Object.keys(schema[group] ?? {})) groups[type] = group;
  const scenarios = new Set(tasks.flatMap((task) => task.scenarios || []));

  let board = null;
  let starting = false;
  let left = false;
  const trouble = h('p.notice.bad', { role: 'alert', hidden: true, 'data-testid': 'reset-error' });
  const pickers = setup(tasks, reset);
  const tours = tourButtons(scenarios, async (tour) => {
    if (await reset(tour.request)) guide.start(tour);
  });
  const guide = tourPanel({
    onprepare: (action) => board.prefill(action),
    onexecute: (action) => board.execute(action),
    // The panel that had the focus is gone, so the focus goes where the reader will continue.
    onend: () => board.focus(),
  });
  const welcome = h('section.play-welcome', h('h1', 'Play an incident'),
    h('p', 'An alert fires in a system of services. Read logs, metrics and dependencies, follow what fails to where it began, repair it, and submit an answer. Every look is a step, and there are only so many.'),
    h('p.soft', 'Pick a task and a scenario and press Reset, or take a guided tour: each step is explained, and taken for real.'));
  const view = h('div.play', h('div.play-top', pickers.element, tours, pickers.about), trouble, welcome, guide.element);
  fill(main, view);

  function took(step) {
    tab.keep(board.episode);
    guide.took(step, board.episode.grade?.total);
  }

  /** Shows an episode on the board, which is made when the first episode is shown. */
  async function show(episode) {
    const { makeBoard } = await import('./board.js');
    if (left) return;
    if (!board) {
      board = makeBoard(took, () => guide.running);
      welcome.replaceWith(board.element);
      view.classList.add('running');
    }
    pickers.show(episode.observation.task_id, episode.observation.scenario_id);
    board.show(episode);
  }

  async function reset(request) {
    if (starting || board?.busy) return false;
    starting = true;
    pickers.busy(true);
    trouble.hidden = true;
    try {
      const episode = await start(request, groups);
      kept = episode;
      tab.keep(episode);
      guide.end();
      await show(episode);
      announce(`${episode.observation.alert?.title ?? 'The episode'} started. ${episode.left} steps.`);
      return true;
    } catch (error) {
      trouble.textContent = sentence(error.message);
      trouble.hidden = false;
      return false;
    } finally {
      starting = false;
      pickers.busy(false);
    }
  }

  kept ??= await tab.kept(groups);
  if (kept) await show(kept);
  // The board is fetched early, so that the first reset does not wait for it.
  else setTimeout(() => import('./board.js'), 200);
  return () => {
    left = true;
    board?.stop();
  };
}

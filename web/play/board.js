// The board on which an episode is played: the alert, the map, the next action, the evidence, the history and the grade.

import { announce, fill, h } from '../lib/dom.js';
import { actionForm } from './actions.js';
import { alertCard } from './alert.js';
import { evidenceList } from './evidence.js';
import { gradeCard } from './grade.js';
import { historyCard } from './history.js';
import { known } from './known.js';
import { serviceMap } from './map.js';
import { sentence, signed } from './words.js';

/** Returns the board. It calls `onstep(step)` after each step, and `guided()` tells it whether a tour is running. */
export function makeBoard(onstep, guided) {
  let episode = null;
  let busy = false;
  const alert = h('div.play-place');
  const map = serviceMap((name) => { form.service(name); announce(`${name} is chosen.`); });
  const evidence = evidenceList({ oncite: (id) => form.cite(id), cited: () => form.cited() });
  const form = actionForm({ onexecute: execute, onservice: (name) => map.choose(name), oncite: () => evidence.cite() });
  const history = historyCard();
  const grade = gradeCard({ ask: () => episode.fetchGrade(), state: () => episode.fetchState() });
  const element = h('div.play-board', alert, map.element, h('div.play-do', form.element, h('div.play-side', history.element, grade.element)), evidence.element);

  const choose = (name) => { form.service(name); map.choose(name); };
  /** Shows the grade at the end. A server that withholds rewards withholds the grade too. */
  const graded = () => (episode.steps.at(-1)?.reward === null ? grade.withhold() : grade.grade());

  /** Shows what a step has changed. */
  const refresh = () => {
    const { observation, steps } = episode;
    map.show({ services: observation.known_services, alerted: observation.alert?.affected_services || [], ...known(observation.known_services, steps) });
    history.show(episode);
    form.update(busy);
  };

  async function execute(action) {
    if (busy || episode.done) return;
    const playing = episode;
    busy = true;
    form.update(true);
    let step;
    try {
      step = await playing.step(action);
    } catch (error) {
      form.complain(error.status === 404 ? 'This episode is no longer on the server. Reset to start another.' : sentence(error.message));
      return;
    } finally {
      busy = false;
      form.update(false);
    }
    evidence.add(step);
    form.tell(step);
    refresh();
    evidence.reveal(step, guided());
    if (!step.error) announce(step.reward === null ? step.feedback : `${step.feedback} Reward ${signed(step.reward)}.`);
    if (step.done) {
      await graded();
      if (!guided()) grade.reveal();
    }
    onstep(step);
  }

  return {
    element,
    execute,
    get episode() { return episode; },
    get busy() { return busy; },
    /** Shows a whole episode, after a reset or when the view is opened again. */
    show(of) {
      episode = of;
      const { observation } = episode;
      fill(alert, alertCard(observation, choose));
      evidence.reset(episode.generated);
      form.reset(episode);
      grade.reset();
      for (const step of episode.steps) evidence.add(step);
      const [first] = observation.alert?.affected_services || [];
      refresh();
      if (observation.known_services.includes(first)) choose(first);
      if (episode.done) graded();
    },
    /** Fills an action into the form. */
    prefill(action) {
      form.prefill(action);
      map.choose(action.parameters.service);
    },
    /** Puts the focus on what comes next: the form, or the grade after the last step. */
    focus() { if (episode.done) grade.reveal(); else form.focus(); },
    stop() { map.stop(); },
  };
}

// The choice of the incident: its task and scenario, or the level and seed of a generated one.

import { fill, h } from '../lib/dom.js';
import { taskName } from './words.js';

const LEVELS = ['easy', 'medium', 'hard', 'expert'];
const GENERATED = 'generated';
/** A list shows at most this many scenarios. */
const MOST = 400;

/** Returns the pickers. They call `onreset(request)` with the body of a reset. */
export function setup(tasks, onreset) {
  const task = h('select', { 'data-testid': 'task' }, tasks.map((one) => h('option', { value: one.task_id }, `${taskName(one.task_id)} · ${one.difficulty}`)));
  const scenario = h('select', { 'data-testid': 'scenario' });
  const level = h('select', { 'data-testid': 'level' }, LEVELS.map((one) => h('option', { value: one }, one)));
  const seed = h('input.num', { 'data-testid': 'seed', type: 'number', min: 0, step: 1, value: '1', inputmode: 'numeric' });
  const number = h('input.num', { 'data-testid': 'number', type: 'number', min: 1, step: 1, value: '1', inputmode: 'numeric' });
  const button = h('button.main', { type: 'submit', 'data-testid': 'reset' }, 'Reset');
  const made = h('div.play-made', field('Level', level), field('Seed', seed), field('Number', number));
  const about = h('p.soft.small.play-about');

  const chosen = () => tasks.find((one) => one.task_id === task.value);
  const list = () => {
    const { scenarios = [] } = chosen() || {};
    const shown = scenarios.slice(0, MOST);
    fill(scenario, h('optgroup', { label: 'Of this server' }, shown.map((id) => h('option', { value: id }, id)),
      scenarios.length > MOST && h('option', { disabled: true }, `and ${scenarios.length - MOST} more`)),
    h('optgroup', { label: 'Made on the spot' }, h('option', { value: GENERATED }, 'By level and seed')));
    say();
  };
  const say = () => {
    made.hidden = scenario.value !== GENERATED;
    about.textContent = made.hidden ? firstLine(chosen()?.description) : 'A system, a fault in it or none, and an alert. The same level, seed and number are the same incident everywhere.';
  };
  task.addEventListener('change', list);
  scenario.addEventListener('change', say);
  list();

  const request = () => {
    if (scenario.value !== GENERATED) return { task_id: task.value, scenario_id: scenario.value };
    const index = Math.max(1, Math.floor(Number(number.value)) || 1) - 1;
    return { suite: `${GENERATED}:${level.value},seed=${Math.max(0, Math.floor(Number(seed.value)) || 0)}`, task_id: task.value, scenario_index: index };
  };
  const form = h('form.play-setup', { 'aria-label': 'Incident', onsubmit: (event) => { event.preventDefault(); onreset(request()); } },
    h('div.play-pickers', field('Task', task), field('Scenario', scenario), made, button));
  return {
    element: form,
    about,
    /** Shows that an incident is being made. */
    busy(is) {
      button.setAttribute('aria-disabled', is);
      button.textContent = is ? 'Starting…' : 'Reset';
    },
    /** Sets the pickers to a scenario that was started in another way. */
    show(taskId, scenarioId) {
      if (task.value !== taskId) { task.value = taskId; list(); }
      if ([...scenario.options].some((one) => one.value === scenarioId)) scenario.value = scenarioId;
      say();
    },
  };
}

/** Returns what a task asks for. What it defines comes after an empty line, and is shown where it is needed. */
const firstLine = (description) => String(description ?? '').split('\n\n')[0];

function field(label, control) {
  return h('label', label, control);
}

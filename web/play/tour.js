// The guided tours: three episodes that are really played, with an explanation before each step.

import { announce, fill, h } from '../lib/dom.js';
import { TOURS } from './tours.js';

/** Returns the buttons that start the tours. A tour is disabled if this server does not have its scenario. */
export function tourButtons(scenarios, onstart) {
  const has = (tour) => scenarios.has(tour.request.scenario_id);
  return h('nav.play-tours', { 'aria-label': 'Guided tours' }, h('span.play-tours-title', 'Guided tours'), TOURS.map((tour, at) => h('button.play-tour', {
    type: 'button', 'data-testid': `tour-${at + 1}`, disabled: !has(tour), title: has(tour) ? tour.about : 'This server plays other scenarios.', onclick: () => onstart(tour),
  }, h('span.play-tour-number', { 'aria-hidden': 'true' }, String(at + 1)), h('span.play-tour-text', h('b', tour.title), h('span.small.soft', has(tour) ? `${tour.about} ${tour.steps.length}\u00a0steps.` : 'Not on this server.')))));
}

/**
 * Returns the panel of a running tour. `onprepare(action)` shows the next action, `onexecute(action)` takes it, and
 * `onend()` is called when the reader leaves the tour.
 */
export function tourPanel({ onprepare, onexecute, onend }) {
  const words = h('div.play-tour-words', { 'data-testid': 'tour' });
  const next = h('button.main', { type: 'button', 'data-testid': 'tour-next' }, 'Next');
  const leave = h('button.quiet', { type: 'button', 'data-testid': 'tour-leave' }, 'Leave');
  const panel = h('aside.play-guide', { 'aria-label': 'Guided tour', hidden: true }, words, h('div.row', next, leave));
  let tour = null;
  let at = 0;
  let busy = false;

  const end = () => { tour = null; panel.hidden = true; };
  const close = () => { end(); onend(); };
  const say = (heading, ...sentences) => {
    const spoken = sentences.filter(Boolean);
    fill(words, h('p.small.soft', heading), spoken.map((text, index) => h(index === spoken.length - 1 ? 'p' : 'p.soft', text)));
    announce(spoken.join(' '));
  };
  const show = () => {
    const step = tour.steps[at];
    say(`${tour.title} · step ${at + 1} of ${tour.steps.length}`, tour.steps[at - 1]?.saw, step.say);
    next.textContent = 'Next';
    leave.hidden = false;
    onprepare(step.action);
  };

  next.addEventListener('click', async () => {
    if (!tour || busy) return;
    if (at >= tour.steps.length) return close();
    busy = true;
    next.setAttribute('aria-disabled', 'true');
    try {
      await onexecute(tour.steps[at].action);
    } finally {
      busy = false;
      next.removeAttribute('aria-disabled');
    }
  });
  leave.addEventListener('click', () => close());

  return {
    element: panel,
    start(which) {
      tour = which;
      at = 0;
      panel.hidden = false;
      show();
      next.focus({ preventScroll: true });
    },
    end,
    get running() { return tour !== null; },
    /** Follows each step that was taken, by this panel or by hand. A step that the tour does not have ends it. */
    took(step, total) {
      if (!tour || at >= tour.steps.length) return;
      const { action } = tour.steps[at];
      if (action.action_type !== step.action || JSON.stringify(action.parameters) !== JSON.stringify(step.parameters)) {
        say(tour.title, 'That was a step of your own, so the tour ends here. Play on.');
        at = tour.steps.length;
        next.textContent = 'Close';
        leave.hidden = true;
        return;
      }
      at += 1;
      if (at < tour.steps.length) return show();
      say(`${tour.title} · the end`, tour.steps[at - 1].saw, typeof total === 'number' ? `The grade is ${+total.toFixed(4)} of 1. Its parts stand under Grade.` : 'The episode is over.');
      next.textContent = 'Finish';
      leave.hidden = true;
    },
  };
}

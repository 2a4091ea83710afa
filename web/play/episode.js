// One episode as this page has played it: what the server answered, and what each step brought.

import { get, post } from '../lib/api.js';

const like = (text) => String(text ?? '').trim().toLowerCase().replace(/[ _-]+/g, ' ');

/** Starts an episode. `groups` says of each action type whether it is a diagnostic, a remediation or a submission. */
export async function start(request, groups) {
  const answer = await post('/reset', request);
  // The answer is in two dialects at once; one of them is enough.
  const { observation: _, ...observation } = answer;
  return new Episode(observation, groups);
}

/** An episode that is being played. */
export class Episode {
  constructor(observation, groups, steps = []) {
    this.observation = observation;
    this.groups = groups;
    this.steps = steps;
    this.grade = null;
  }

  get id() { return this.observation.episode_id; }
  get done() { return Boolean(this.observation.done) || Boolean(this.steps.at(-1)?.done); }
  get left() { return Math.max(0, this.observation.max_steps - this.observation.step_count); }
  /** Generated incidents have records with ids, and answers that cite them. */
  get generated() { return Array.isArray(this.observation.mechanisms) && this.observation.mechanisms.length > 0; }

  #headers() { return { 'x-episode-id': this.id }; }

  /** Takes a step, and keeps what it brought. */
  async step(action) {
    const before = this.observation.queried_data || {};
    const { observation, reward, done } = await post('/step', action, this.#headers());
    this.observation = observation;
    const step = {
      number: observation.step_count,
      action: action.action_type,
      group: this.groups[action.action_type] ?? 'other',
      parameters: action.parameters,
      error: observation.last_action_error,
      feedback: observation.feedback,
      reward: reward?.score ?? null,
      reason: reward?.reason ?? null,
      cumulative: reward?.cumulative ?? null,
      done,
      evidence: observation.last_action_error ? null : brought(action, before, observation.queried_data || {}),
    };
    this.steps.push(step);
    return step;
  }

  /** The grade as it stands. */
  async fetchGrade() {
    this.grade = await get('/grader', { headers: this.#headers() });
    return this.grade;
  }

  /** The state as the server keeps it. */
  fetchState() { return get('/state', { headers: this.#headers() }); }
}

/** The text that an action brought, with the target that it stands under. */
function brought({ action_type: type, parameters }, before, after) {
  const [was, is] = [before[type] || {}, after[type] || {}];
  const keys = Object.keys(is);
  const { service, flag, runbook_action: verb, target } = parameters;
  const wanted = [service, flag, [verb, target].filter(Boolean).join(' '), verb, target].filter(Boolean).map(like);
  const key = keys.find((one) => is[one] !== was[one]) ?? keys.find((one) => wanted.includes(like(one)));
  return key === undefined ? null : { target: key, text: String(is[key]) };
}

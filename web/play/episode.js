// One episode as this page has played it: what the server answered, and which evidence each step brought.

import { get, post } from '../lib/api.js';
import { SYSTEM } from './known.js';

/** The optional parameters of looks, in the order in which the server names them in the keys of readings. */
const ASKED = ['metric', 'by', 'window', 'match', 'level'];

const like = (text) => String(text ?? '').trim().toLowerCase().replace(/[ _-]+/g, ' ');

/** Starts an episode. `groups` says of each action type whether it is a diagnostic, a remediation or a submission. */
export async function start(request, groups) {
  const answer = await post('/reset', request);
  // The answer has the observation twice, in the plain shape and in OpenEnv's. One of them is enough.
  const { observation: _, action_schema: defined, ...observation } = answer;
  return new Episode(observation, groups, [], defined);
}

/** An episode that is being played. */
export class Episode {
  constructor(observation, groups, steps = [], defined = {}) {
    this.observation = observation;
    /** What mechanisms, verbs and rules mean, each by name. Only the first observation says it. */
    this.defined = defined ?? {};
    this.groups = groups;
    this.steps = steps;
    this.grade = null;
  }

  get id() { return this.observation.episode_id; }
  get done() { return Boolean(this.observation.done) || Boolean(this.steps.at(-1)?.done); }
  get left() { return Math.max(0, this.observation.max_steps - this.observation.step_count); }
  /** Says whether the incident is generated: then records have ids, and answers cite them. */
  get generated() { return Array.isArray(this.observation.mechanisms) && this.observation.mechanisms.length > 0; }

  #headers() { return { 'x-episode-id': this.id }; }

  /** Takes a step, and keeps the evidence that it brought. */
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

  /** Fetches the grade that the episode has now. */
  async fetchGrade() {
    this.grade = await get('/grader', { headers: this.#headers() });
    return this.grade;
  }

  /** Fetches the state that the server has of the episode. */
  fetchState() { return get('/state', { headers: this.#headers() }); }
}

/** Returns the text that an action brought, with the target that the server filed it under; null if it brought none. */
function brought({ action_type: type, parameters }, before, after) {
  const [was, is] = [before[type] || {}, after[type] || {}];
  const keys = Object.keys(is);
  const { service, flag, runbook_action: verb, target } = parameters;
  const given = ASKED.filter((name) => parameters[name] !== undefined).map((name) => `${name}=${parameters[name]}`);
  const wanted = [[service ?? SYSTEM, ...given].join(' '), service, flag, [verb, target].filter(Boolean).join(' '), verb, target].filter(Boolean).map(like);
  const known = () => wanted.map((name) => keys.find((one) => like(one) === name)).find((one) => one !== undefined);
  const key = keys.find((one) => is[one] !== was[one]) ?? known();
  return key === undefined ? null : { target: key, text: String(is[key]) };
}

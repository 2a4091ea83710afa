// Gives words to the names of the API that the Play view shows.

const ACTIONS = {
  __proto__: null,
  query_logs: ['Logs', 'The newest log lines of a service.'],
  check_metrics: ['Metrics', 'What a service measures, beside what is usual.'],
  check_dependencies: ['Dependencies', 'What a service calls and who calls it. Draws lines on the map.'],
  check_recent_deploys: ['Recent deploys', 'What was changed in a service lately.'],
  check_service_status: ['Status', 'Whether a service runs and is ready. Colours the map.'],
  restart_service: ['Restart', 'Starts a service again.'],
  rollback_deploy: ['Roll back', 'Takes a deploy or another change back.'],
  scale_service: ['Scale', 'Gives a service another number of replicas.'],
  disable_feature_flag: ['Disable flag', 'Turns a feature flag off.'],
  clear_cache: ['Clear cache', 'Empties the cache of a service.'],
  execute_runbook_step: ['Runbook step', 'Does one step of the runbooks.'],
  submit_severity: ['Severity', 'Answers how severe the incident is. Ends the episode.'],
  submit_root_cause: ['Root cause', 'Answers where it began and how it failed. Ends the episode.'],
  submit_resolution: ['Resolution', 'Says that the repair is finished. Ends the episode.'],
};

const plain = (name) => {
  const words = String(name).replaceAll('_', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
};

/** Returns the short name of an action type. */
export const actionName = (type) => ACTIONS[type]?.[0] ?? plain(type);

/** Returns what an action type does, in a sentence. */
export const actionHelp = (type) => ACTIONS[type]?.[1] ?? '';

const TASKS = {
  __proto__: null,
  alert_classification: 'Alert classification',
  root_cause_analysis: 'Root cause analysis',
  remediation_planning: 'Remediation planning',
};

/** Returns the name of a task. */
export const taskName = (id) => TASKS[id] ?? plain(id);

/** The severities with their names. */
export const SEVERITIES = [['P1', 'critical'], ['P2', 'high'], ['P3', 'moderate'], ['P4', 'low']];

/** The ways in which the resolution of a generated incident can end. */
export const STATUSES = [['resolved', 'resolved'], ['mitigated', 'mitigated'], ['unresolved', 'unresolved'], ['no_incident', 'no incident']];

/** What a metric of a generated incident can be split by. */
export const DIMENSIONS = ['node', 'zone', 'version', 'flag', 'client', 'route', 'code', 'peer', 'partition', 'reason'];

/** The levels of the lines of a log of a generated incident. */
export const LEVELS = ['error', 'warn', 'info'];

const SIGNALS = {
  __proto__: null,
  query_new_svc: 'first look at this service',
  query_new_action: 'another kind of look at it',
  query_repeat: 'this look was taken before',
  query_unknown_svc: 'there is no such target',
  query_no_service: 'no service was named',
  rem_good: 'a step of the repair',
  rem_wrong: 'a change that does harm',
  rem_no_target: 'no target was named',
  submit_correct: 'the submission of this task',
  submit_wrong: 'the submission of another task',
  past_half: 'more than half of the steps are gone',
  timeout: 'no steps are left',
  bad_action: 'the action was refused',
  exact_repeat: 'the same action again',
  impact: 'what users lose, by this change',
  grade: 'the grade',
};

/** Returns the parts of a step's reward as `[words, amount]`. The amount is null if a part is only words. */
export function reasons({ reason, group }) {
  // It is obvious that a look changes nothing, so that is not said.
  if (reason === 'no effect') return group === 'diagnostic' ? [] : [['neither earns nor costs', null]];
  return String(reason || '').split(', ').filter(Boolean).map((part) => {
    const found = /^(\w+) ([+\-−][\d.]+)$/.exec(part);
    return found ? [SIGNALS[found[1]] ?? plain(found[1]).toLowerCase(), signed(Number(found[2].replace('−', '-')))] : [part, null];
  });
}

/** Returns a reward with its sign. */
export function signed(value, digits = 2) {
  if (typeof value !== 'number' || !Number.isFinite(value)) return '–';
  if (value === 0) return '0';
  // There are four digits only if two would hide something.
  const more = Math.abs(value * 100 - Math.round(value * 100)) > 1e-6 ? 4 : digits;
  return `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(more)}`;
}

const PARTS = {
  __proto__: null,
  severity_match: 'Severity', base: 'Base', efficiency_bonus: 'Efficiency', service_match: 'Right service', mode_match: 'Right failure mode',
  wrong_action_penalty: 'Wrong actions', summary_bonus: 'Summary', correct_actions_matched: 'Repair steps done', correct_actions_total: 'Repair steps needed',
  wrong_actions_count: 'Wrong actions', summary_keywords_hit: 'Terms in the summary', mechanism_match: 'Mechanism', trigger_match: 'Right trigger',
  path_valid: 'Path holds', harm: 'Harm', left_open: 'Faults left open', idle_queries: 'Looks that ruled out nothing', impact_seen: 'Looked at what users lose',
  bits_per_query: 'Bits a look', claims_resolved: 'Says it is resolved', minutes_to_mitigate: 'Minutes until mitigated',
  customer_minutes: 'Minutes lost by users', customer_minutes_over_oracle: 'Of these, more than needed', worse_off: 'Parts that fail more than before',
};

/** Returns the name of a part of a grade. */
export const partName = (key) => PARTS[key] ?? plain(key);

/** Returns the class of a reward: a loss must not look like a gain. */
export const tone = (value) => (value < 0 ? '.minus' : value === 0 ? '.none' : '');

/** Returns a message of the server as a sentence. */
export function sentence(text) {
  const words = String(text ?? '').trim();
  return words.charAt(0).toUpperCase() + words.slice(1) + (/[.!?]$/.test(words) ? '' : '.');
}

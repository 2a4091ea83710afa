// The form of the next action: the actions that the task offers, in groups, and the parameters of the chosen one.

import { fill, h } from '../lib/dom.js';
import { copies } from './copy.js';
import { choice, line, lines, pick, quantity, several } from './fields.js';
import { ids, kinds, SYSTEM, versions } from './known.js';
import { actionHelp, actionName, DIMENSIONS, LEVELS, reasons, SEVERITIES, signed, STATUSES, tone } from './words.js';

const GROUPS = [['diagnostic', 'Diagnose'], ['remediation', 'Fix'], ['submission', 'Submit'], ['other', 'Other']];
/** An answer can cite at most this many records. */
const MOST_CITED = 8;
/** What these looks show without a service, in generated incidents. */
const WITHOUT_SERVICE = { check_recent_deploys: 'The whole system', check_service_status: 'All services and alerts' };
/** An action is not sent without these parameters, because it would cost a step and do nothing. */
const NEEDED = {
  service: 'Choose a service.', severity: 'Choose a severity.', failure_mode: 'Say how it failed.', summary: 'Write what failed, what was done and how it stands.',
  flag: 'Choose a flag.', runbook_action: 'Choose a step.', mechanism: 'Choose a mechanism.', status: 'Choose how it ended.',
};

/**
 * Returns the form. It calls `onexecute(action)` with an action that is complete, `onservice(name)` when a service is chosen, and
 * `oncite()` when the cited records change.
 */
export function actionForm({ onexecute, onservice, oncite }) {
  const groups = h('div.play-groups');
  const help = h('p.small.soft.play-help');
  const fields = h('div.play-fields');
  const meaning = h('p.small.soft.play-meaning', { 'data-testid': 'meaning', role: 'status', hidden: true });
  const rules = h('details.small.play-rules', { 'data-testid': 'rules', hidden: true });
  const execute = h('button.main.play-execute', { type: 'submit', 'data-testid': 'execute' }, 'Execute');
  const error = h('p.notice.bad', { role: 'alert', 'data-testid': 'error', hidden: true });
  const result = h('div.notice.play-result', { role: 'status', 'data-testid': 'result', hidden: true });
  const meter = h('div.play-meter');
  let episode = null;
  let radios = [];
  let parts = {};
  /** Values are kept when another action is chosen, because a reader of a service's logs often wants its metrics next. */
  let draft = {};

  const chosen = () => radios.find((one) => one.checked)?.value;
  const keep = () => { for (const [key, part] of Object.entries(parts)) draft[key] = part.get(); };
  const action = () => {
    const parameters = {};
    for (const [key, part] of Object.entries(parts)) {
      const value = part.get();
      if (value !== undefined) parameters[key] = value;
    }
    return { action_type: chosen(), parameters };
  };

  const read = () => episode.steps.filter(({ evidence }) => evidence);
  const named = (pattern) => [...new Set(read().flatMap(({ evidence }) => ids(evidence.text)))].filter((id) => pattern.test(id));
  /** Returns the versions or changes of the chosen service that the evidence has named. */
  const deployed = () => {
    const looks = read().filter(({ action: type }) => type === 'check_recent_deploys').map(({ evidence }) => evidence);
    const lines = looks.flatMap(({ target, text }) => (target === draft.service ? [text] : target === SYSTEM ? text.split('\n').filter((one) => one.split(' ')[2] === draft.service) : []));
    return [...new Set(lines.flatMap(versions))];
  };

  /** Returns what a runbook step can be applied to. Targets of the kinds that it takes come first. */
  const targets = () => {
    const entry = episode.observation.available_runbooks.find((one) => one.split(' ')[0] === parts.runbook_action.get()) ?? '';
    const taken = /\((.*)\)/.exec(entry)?.[1].split(', ') ?? [];
    const about = kinds(read());
    const of = (kind) => (kind === 'job' ? named(/^job-/) : kind === 'certificate' ? named(/^crt-/) : kind === 'change' ? named(/^chg-/)
      : episode.observation.known_services.filter((name) => about.get(name)?.kind === kind));
    return [...new Set([...taken.flatMap(of), ...named(/^(?:job|crt|chg)-/), ...episode.observation.known_services])];
  };

  /** Says whether the chosen action can do without a parameter that others need. */
  const optional = (key) => key === 'service' && episode.generated && Object.hasOwn(WITHOUT_SERVICE, chosen() ?? '');

  const build = () => {
    keep();
    const type = chosen();
    const { known_services: services, available_runbooks: runbooks = [], feature_flags: flags = [], mechanisms = [] } = episode.observation;
    const { generated } = episode;
    const make = {
      service: () => pick('service', optional('service') ? 'Service (optional)' : 'Service', type.startsWith('submit') && generated ? [...services, ['none', 'none: there is no incident']] : services, { empty: optional('service') ? WITHOUT_SERVICE[type] : 'Choose…' }),
      metric: () => line('metric', 'Metric (optional)', { placeholder: 'All of the dashboard' }),
      by: () => pick('by', 'Split by (optional)', DIMENSIONS, { empty: 'Nothing' }),
      window: () => quantity('window', 'Minutes back (optional)', { min: 1, max: 120, step: 1, placeholder: '120' }),
      match: () => line('match', 'With the text (optional)', { placeholder: 'As it stands, no pattern' }),
      level: () => pick('level', 'Level (optional)', LEVELS, { empty: 'All' }),
      severity: () => choice('severity', 'Severity', SEVERITIES, true),
      failure_mode: () => line('failure_mode', 'Failure mode', { placeholder: 'How it failed, in a few words' }),
      summary: () => lines('summary', 'Summary', { placeholder: 'What failed, what was done, how it stands now' }),
      flag: () => pick('flag', 'Feature flag', flags, { empty: 'Choose…' }),
      runbook_action: () => pick('runbook_action', 'Step', runbooks.map((one) => [one.split(' ')[0], one]), { empty: 'Choose…' }),
      target: () => line('target', 'Target', { suggest: targets, placeholder: 'A part, job, certificate or change' }),
      target_version: () => line('target_version', generated ? 'Change' : 'Target version (optional)', { suggest: deployed, placeholder: generated ? 'chg-…' : 'The one before' }),
      replicas: () => quantity('replicas', 'Replicas (optional)', { min: 1, max: 1000, step: 1 }),
      mechanism: () => pick('mechanism', 'Mechanism', mechanisms.map((one) => [one, one.replaceAll('_', ' ')]), { empty: 'Choose…' }),
      trigger: () => line('trigger', 'Trigger (a change, or none)', { suggest: () => ['none', ...named(/^chg-/)], placeholder: 'chg-… or none' }),
      path: () => several('path', 'Path from the alerted part to the root', { names: services, help: 'In the order of the calls' }),
      evidence: () => several('evidence', `Evidence (at most ${MOST_CITED} records)`, { most: MOST_CITED, help: 'Press the ids of records in the evidence', onchange: () => { if (parts.evidence) { draft.evidence = parts.evidence.get(); oncite(); } } }),
      confidence: () => quantity('confidence', 'Confidence (0 to 1, optional)', { min: 0, max: 1, step: 0.05 }),
      status: () => choice('status', 'How it ended', STATUSES),
    };
    const needs = {
      query_logs: generated ? ['service', 'match', 'level', 'window'] : ['service'],
      check_metrics: generated ? ['service', 'metric', 'by', 'window'] : ['service'],
      execute_runbook_step: generated ? ['runbook_action', 'target'] : ['runbook_action'],
      rollback_deploy: ['service', 'target_version'], scale_service: ['service', 'replicas'], disable_feature_flag: ['flag'],
      submit_severity: generated ? ['severity', 'evidence', 'confidence'] : ['severity'],
      submit_root_cause: generated ? ['service', 'mechanism', 'trigger', 'path', 'evidence', 'confidence'] : ['service', 'failure_mode'],
      submit_resolution: generated ? ['service', 'mechanism', 'status', 'evidence', 'confidence'] : ['summary'],
    };
    parts = {};
    const keys = Object.hasOwn(needs, type) ? needs[type] : ['service'];
    for (const key of keys) {
      parts[key] = make[key]();
      if (draft[key] !== undefined) parts[key].set(draft[key]);
    }
    parts.service?.control.addEventListener('change', () => { keep(); onservice(draft.service); });
    for (const key of ['mechanism', 'runbook_action']) parts[key]?.control.addEventListener('change', define);
    help.replaceChildren(h('code', type ?? ''), ` ${actionHelp(type)}`);
    fill(fields, Object.values(parts).map(({ element }) => element));
    define();
    complain(null);
  };

  /** Says what the chosen mechanism or verb means, where the incident defines it. */
  const define = () => {
    const { mechanisms = {}, verbs = {} } = episode.defined;
    const mechanism = parts.mechanism?.get();
    const text = mechanism ? mechanisms[mechanism] : verbs[parts.runbook_action?.get() ?? chosen()];
    meaning.hidden = !text;
    meaning.textContent = text ?? '';
  };

  const complain = (text) => {
    error.hidden = !text;
    error.textContent = text ?? '';
  };

  const send = (event) => {
    event.preventDefault();
    if (execute.getAttribute('aria-disabled') === 'true') return;
    const ready = action();
    const missing = Object.keys(parts).find((key) => Object.hasOwn(NEEDED, key) && !optional(key) && ready.parameters[key] === undefined);
    if (missing) {
      complain(NEEDED[missing]);
      parts[missing].control?.focus();
      return;
    }
    keep();
    onexecute(ready);
  };

  const form = h('form.play-form', {
    'aria-labelledby': 'action-title', novalidate: true, onsubmit: send,
    onkeydown: (event) => { if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) send(event); },
  }, groups, help, fields, meaning, execute, error, result, copies(action, () => episode?.id ?? ''));
  const card = h('section.card.play-act', { 'aria-labelledby': 'action-title' }, h('div.row.spread', h('h2', { id: 'action-title' }, 'Next action'), meter), form, rules);

  return {
    element: card,
    /** Empties the form for an episode. */
    reset(of) {
      episode = of;
      draft = {};
      parts = {};
      radios = [];
      const offered = of.observation.available_actions;
      fill(groups, GROUPS.map(([group, title]) => {
        const types = offered.filter((type) => (of.groups[type] ?? 'other') === group);
        return types.length > 0 && h('fieldset.play-group', h('legend', title), h('div.play-pills', types.map((type) => {
          const radio = h('input', { type: 'radio', name: 'action', value: type, 'data-testid': 'action', onchange: build });
          radios.push(radio);
          return h('label.play-pill', { title: type }, radio, h('span', actionName(type)));
        })));
      }));
      if (radios.length) radios[0].checked = true;
      result.hidden = true;
      const told = Object.entries(of.defined.rules ?? {});
      rules.hidden = told.length === 0;
      fill(rules, h('summary', 'Rules and grade'), h('dl', told.flatMap(([name, text]) => [h('dt', name.replaceAll('_', ' ')), h('dd', text)])));
      build();
      this.update();
    },
    /** Shows how many steps are left, and whether an action can be taken. */
    update(busy = false) {
      fill(meter, stepMeter(episode.observation));
      const over = episode.done;
      execute.setAttribute('aria-disabled', String(busy || over));
      execute.textContent = over ? 'The episode is over' : busy ? 'Executing…' : 'Execute';
    },
    /** Says in words what a step led to. */
    tell(step) {
      complain(step.error);
      result.hidden = Boolean(step.error) && step.reward === null;
      const why = reasons(step);
      fill(result, h('span', step.error ? 'It cost a step.' : outcome(step)),
        step.reward !== null && h(`span.play-reward.num${tone(step.reward)}`, signed(step.reward)),
        why.length > 0 && h('span.small', why.map(([words, amount]) => (amount === null ? words : `${words} ${amount}`)).join(', ')));
    },
    complain,
    /** Puts the focus on the button that takes the step. */
    focus() { execute.focus({ preventScroll: true }); },
    /** Chooses a service, as a click on the map or on the alert does. */
    service(name) {
      draft.service = name;
      parts.service?.set(name);
    },
    /** Fills in a whole action. */
    prefill({ action_type: type, parameters }) {
      for (const one of radios) one.checked = one.value === type;
      keep();
      Object.assign(draft, parameters);
      parts = {};
      build();
    },
    /** Cites a record, or takes it out if it is cited. */
    cite(id) {
      if (parts.evidence) parts.evidence.toggle(id);
      else {
        const now = draft.evidence ?? [];
        draft.evidence = now.includes(id) ? now.filter((one) => one !== id) : [...now, id].slice(0, MOST_CITED);
        oncite();
      }
    },
    /** Returns the records that are cited. */
    cited: () => draft.evidence ?? [],
  };
}

/** Returns the feedback without the words that only point to a field of the server's answer. */
function outcome({ feedback, evidence }) {
  const text = String(feedback ?? '').replace(/: see queried_data\.$/, evidence ? ' was read.' : '.').replace(/executed; see queried_data\.$/, 'executed.');
  return text || 'Done.';
}

/** Returns the steps as marks: those that are used, those that are left, and those past the half, where looks cost something. */
function stepMeter({ step_count: gone, max_steps: most }) {
  const half = Math.max(1, Math.floor(most / 2));
  const left = Math.max(0, most - gone);
  return [
    most <= 24 && h('span.play-marks', { 'aria-hidden': 'true' }, Array.from({ length: most }, (_, at) => h(`i${at < gone ? '.gone' : ''}${at >= half ? '.late' : ''}`))),
    h('span.small', { 'data-testid': 'steps-left', title: `After step ${half}, every action but a submission costs a little.` }, h('b.num', String(left)), ` of ${most} steps left`),
  ];
}

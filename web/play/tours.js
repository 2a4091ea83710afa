// The data of the guided tours: which incidents they play, by which steps, and what is said about each step.

const look = (action_type, service) => ({ action_type, parameters: { service } });
const restart = (service) => look('restart_service', service);

/** The tours: for each an incident, and its steps with what is said before (`say`) and after (`saw`) each of them. */
export const TOURS = [
  {
    title: 'How severe is it?',
    about: 'Judge an alert by what users lose.',
    request: { task_id: 'alert_classification', scenario_id: 'AC-003' },
    steps: [
      { action: look('check_metrics', 'recommendation-service'),
        say: 'Nearly half of the requests to recommendation-service fail. Severity is about what users lose, so read its metrics first.',
        saw: 'The last rows say it: user impact none, revenue unchanged, checkout 100 %. Who gets no recommendation gets the default list.' },
      { action: { action_type: 'submit_severity', parameters: { severity: 'P3' } },
        say: 'Something is broken, and nobody loses anything that matters now. That is a P3: submit it.',
        saw: 'Exactly right earns 1; one level off would have earned half.' },
    ],
  },
  {
    title: 'Where did it begin?',
    about: 'Follow the victims to the culprit.',
    request: { task_id: 'root_cause_analysis', scenario_id: 'RCA-001' },
    steps: [
      { action: look('query_logs', 'postgres-db'),
        say: 'Four services are down, and postgres-db restarts again and again. What stands behind the others is a good place to begin: read its logs.',
        saw: 'The database is killed for memory, each time by one query without a LIMIT. It was sent by analytics-service, which the alert does not name.' },
      { action: look('query_logs', 'analytics-service'),
        say: 'So the database is a victim too. Follow the client of that query, and read what analytics-service says.',
        saw: 'Its job full_history_export joins whole tables: 847 million rows by the plan, and no LIMIT.' },
      { action: look('check_recent_deploys', 'analytics-service'),
        say: 'Why tonight? Ask what was changed there lately.',
        saw: 'Six hours ago a deploy added the scheduled export. That is the whole chain.' },
      { action: { action_type: 'submit_root_cause', parameters: { service: 'analytics-service', failure_mode: 'unbounded query OOM killing postgres-db' } },
        say: 'Submit the service in which it began, and how it failed in a few words.',
        saw: 'The right service and failure mode earn 0.6. The rest is for asking few questions of the right places: 2 services in 3 looks.' },
    ],
  },
  {
    title: 'Bring it back',
    about: 'Find the cause, repair in order, verify.',
    request: { task_id: 'remediation_planning', scenario_id: 'RP-001' },
    steps: [
      { action: look('query_logs', 'postgres-db'),
        say: 'The same kind of outage, and this time it is to be repaired. Begin where the alert points: the logs of postgres-db.',
        saw: 'Killed for memory, four times. The heaviest client has the address 10.0.5.47 and calls itself analytics-batch.' },
      { action: look('query_logs', 'analytics-service'),
        say: 'No service has that name, but one comes close. Read the logs of analytics-service.',
        saw: 'It has that address, and its full_history_export is sent again after each crash. The log names the flag that the job runs by.' },
      { action: { action_type: 'disable_feature_flag', parameters: { flag: 'full_history_export' } },
        say: 'Stop the cause before healing the victims: a database that is restarted now would be killed again. Turn the flag off.',
        saw: 'A step of the repair earns a little. Runs in flight go on until their process ends.' },
      { action: restart('analytics-service'),
        say: 'So end the run that is in flight: restart analytics-service.',
        saw: 'With the flag off, the job does not come back.' },
      { action: restart('postgres-db'),
        say: 'Nothing presses on the database any more. Restart it.',
        saw: 'It recovers and stays up. Those that depend on it can follow.' },
      { action: restart('auth-service'),
        say: 'Restart auth-service, so that logins get fresh connections.',
        saw: 'Logins are back.' },
      { action: restart('order-service'),
        say: 'And order-service, so that orders are written again.',
        saw: 'All that was down has been started again, in the order of the calls. Half of the steps are gone: from now on each costs a little.' },
      { action: { action_type: 'execute_runbook_step', parameters: { runbook_action: 'verify_db_health' } },
        say: 'A repair that was not checked is a hope. Run the step that verifies the database; it is worth what it costs.',
        saw: 'Connections, writes and memory are as they should be.' },
      { action: { action_type: 'submit_resolution', parameters: { summary: 'The full_history_export job of analytics-service ran an unbounded query that made postgres-db run out of memory (OOM killed). The flag was disabled, then analytics-service, postgres-db, auth-service and order-service were restarted. The database has recovered and verify_db_health passes.' } },
        say: 'Sum up what failed, what was done and how it stands now, and submit.',
        saw: 'Every step of the repair, none that did harm, and a summary that says it all.' },
    ],
  },
];

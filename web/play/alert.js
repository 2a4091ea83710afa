// The card of the alert: what was paged, its numbers, and its symptoms.

import { h } from '../lib/dom.js';

const money = (value) => `$${String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ',')}`;
const is = (value) => typeof value === 'number' && Number.isFinite(value);

/** Returns the card of an episode's alert. It calls `onservice(name)` when an affected service is chosen. */
export function alertCard(observation, onservice) {
  const alert = observation.alert || {};
  const number = (value, label, tone) => h(`div.play-number${tone ? `.${tone}` : ''}`, h('dt', label), h('dd.num', value));
  return h('section.card.play-alert', { 'aria-labelledby': 'alert-title', 'data-testid': 'alert' },
    h('div.play-alert-text',
      h('div.row.small.soft', alert.severity_fired && h('span.tag.bad', `fired as ${alert.severity_fired}`),
        h('span.mono', alert.id ?? ''), h('span.mono', { 'data-testid': 'scenario-id' }, observation.scenario_id)),
      h('h1', { id: 'alert-title' }, alert.title ?? 'Incident'),
      h('p.play-summary', observation.incident_summary)),
    h('dl.play-numbers',
      is(alert.error_rate) && number(`${+(alert.error_rate * 100).toFixed(1)} %`, 'error rate', alert.error_rate >= 0.5 ? 'bad' : alert.error_rate > 0.05 ? 'warn' : ''),
      is(alert.duration_minutes) && number(String(alert.duration_minutes), alert.duration_minutes === 1 ? 'minute' : 'minutes so far'),
      is(alert.revenue_impact_per_min) && number(money(alert.revenue_impact_per_min), 'lost a minute', alert.revenue_impact_per_min > 0 ? 'warn' : '')),
    h('div.play-signs',
      h('div.stack', h('h2.small.soft', 'Symptoms'), h('ul', (alert.symptoms || []).map((text) => h('li', text)))),
      h('div.stack', h('h2.small.soft', 'Affected'), h('div.row', (alert.affected_services || []).map((name) => h('button.play-chip.mono', { type: 'button', onclick: () => onservice(name) }, name))))));
}

// Pins in a file what the map concludes from every evidence text of the embedded scenarios.

import assert from 'node:assert/strict';
import test from 'node:test';
import { ids, reading, relations, versions } from '../../web/play/known.js';
import { scenarios } from './scenarios.js';
import { pinned } from './snapshot.js';

const ALL = scenarios();

test('the reader of the scenarios leaves nothing out', () => {
  assert.equal(ALL.length, 9);
  for (const { id, task, services, evidence } of ALL) {
    assert.match(id, /^(?:AC|RCA|RP)-\d{3}$/);
    assert.match(task, /^[a-z_]+$/, id);
    assert.ok(services.length >= 3, id);
    assert.ok(evidence.length >= 12, id);
    for (const { action, target, text } of evidence) {
      assert.ok(services.includes(target), `${id}: ${target}`);
      assert.ok(text.trim().length > 0, `${id} ${action} ${target}`);
    }
  }
});

test('the colours, the calls, the ids and the versions that each text leads to', () => {
  const lines = [];
  for (const { id, services, evidence } of ALL) {
    const names = new Set(services);
    for (const { action, target, when, text } of evidence) {
      const said = [];
      if (action === 'check_service_status' || action === 'check_metrics') {
        const found = reading(action, text);
        said.push(found ? `${found.state}: ${found.why}` : 'nothing');
      }
      for (const { from, to, state, why } of relations(action, target, text, names)) said.push(`${from} > ${to} ${state}${why && why !== 'named in a log' ? ` (${why})` : ''}`);
      if (action === 'check_recent_deploys') said.push(`versions ${versions(text).join(', ') || 'none'}`);
      if (ids(text).length) said.push(`ids ${ids(text).join(', ')}`);
      lines.push(`${id} ${action} ${target}${when.length ? ` [${when.join(' ')}]` : ''}`, ...said.map((one) => `    ${one}`));
    }
  }
  pinned('evidence.txt', `${lines.join('\n')}\n`);
});

// One step of an episode: the action, who chose it, its reward, the evidence it brought, and the calls that led to it.

import { count, fixed, h } from '../lib/dom.js';
import { fold, lazily, long } from '../lib/fold.js';
import { signed, size, sourceTag, span, visible, words } from '../lib/words.js';

/** Returns the parts of a reward, `query_new_svc +0.04, past_half -0.02`, as pairs of a name and a number. */
export function rewardParts(reason) {
  return String(reason ?? '').split(', ').map((part) => /^(.+) ([+-][\d.]+)$/.exec(part)).filter(Boolean)
    .map(([, part, value]) => [words(part), Number(value)]);
}

/** Returns an action with its parameters. */
export function action({ action_type: type, parameters }) {
  return h('span.action', h('code.type', visible(type)), Object.entries(parameters ?? {}).map(([key, value]) =>
    h('span.param', h('span.soft', `${words(key)} `), h('code', visible(said(value))))));
}

/** Returns the value of a parameter as a text. A list of names is written as a list of names. */
function said(value) {
  if (Array.isArray(value) && value.every((one) => typeof one === 'string')) return value.join(', ');
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** Returns the reward of a step, its parts, and the sum so far. */
export function reward(step) {
  const tone = step.reward > 0 ? '.up' : step.reward < 0 ? '.down' : '';
  const parts = rewardParts(step.reason);
  return h('span.reward.small.num',
    h(`strong${tone}`, h('span.unseen', 'reward '), signed(step.reward)),
    parts.length > 0 && parts.map(([part, value]) => h('span.part', `${part} `, h(value < 0 ? 'span.down' : 'span.up', signed(value)))),
    parts.length === 0 && h('span.part', step.reason),
    h('span.part.soft', `sum ${fixed(step.cumulative, 2).replace('-', '−')}`));
}

/** Returns what went wrong with a step, and what a model had proposed. */
export function troubles(step) {
  return [
    step.problem && h('p.trouble.warn', h('strong', 'Problem: '), visible(step.problem)),
    step.proposed && h('p.trouble.warn', h('strong', 'Proposed: '), typeof step.proposed === 'object' && step.proposed.action_type ? action(step.proposed) : h('code', visible(JSON.stringify(step.proposed)))),
    step.error && h('p.trouble.bad', h('strong', 'Not carried out: '), visible(step.error)),
  ];
}

/** Returns the steps, calls and tokens of an episode and the time of its calls, as a line. */
export function totals(steps) {
  const calls = steps.flatMap((one) => one.calls ?? []);
  const usage = calls.map((call) => call.reply.usage).filter(Boolean);
  const tokens = usage.reduce((sum, one) => sum + one.prompt_tokens + one.completion_tokens, 0);
  const time = calls.reduce((sum, call) => sum + (call.reply.latency_ms ?? 0), 0);
  return [`${steps.length} steps`, calls.length > 0 && `${calls.length} calls`, tokens > 0 && `${count(tokens)} tokens`, time > 0 && span(time / 1000)].filter(Boolean).join(' · ');
}

/** Returns a step in full. Its number links to an address that stays the same. */
export function stepCard({ step, calls = [] }, at) {
  return h('li.step', { 'data-testid': 'step', 'data-step': step.step, 'data-source': step.source, tabindex: -1 },
    h('div.step-head',
      h('a.step-no', { href: at, 'aria-label': `Step ${step.step}` }, String(step.step)),
      action(step), sourceTag(step.source), step.done && h('span.tag', 'the end')),
    reward(step),
    troubles(step),
    step.feedback && h('p.small.soft', visible(step.feedback)),
    step.result && fold('Evidence shown', step.result, { testid: 'evidence' }),
    callParts(calls));
}

/** Returns the calls of a step: the numbers of each, with the prompt and the reply folded. */
export function callParts(calls) {
  return calls.map((call, index) => h('div.call',
    calls.length > 1 && h('p.small.soft', index === 0 ? 'First call' : 'Call after the message that said what was wrong'),
    prompt(call.new_messages), reply(call.reply), numbers(call.reply)));
}

function prompt(messages = []) {
  const texts = messages.map(textOf);
  const all = texts.join('\n');
  return lazily(
    h('summary', h('span.what', 'Prompt'), ' ', h('span.soft.small.num', `${messages.length === 1 ? '1 new message' : `${messages.length} new messages`}, ${size(all)}`)),
    () => messages.map((message, index) => h('div.stack', h('p.role.small.soft', message.role === 'tool' ? `tool result ${message.call_id ?? ''}` : message.role), long(texts[index], `Message of role ${message.role}`))),
    { testid: 'prompt' });
}

/** Returns the text of a message, with the functions that it called. */
function textOf({ content, tool_calls: calls = [] }) {
  return [content, ...calls.map((call) => `${call.name} ${call.arguments}`)].filter(Boolean).join('\n');
}

function reply(reply) {
  const calls = reply.tool_calls ?? [];
  return [
    reply.reasoning && fold('Reasoning', reply.reasoning, { testid: 'reasoning' }),
    (reply.content || !calls.length) && fold('Reply', reply.content ?? '', { testid: 'reply' }),
    calls.map((call) => fold(`${reply.content ? 'Function call' : 'Reply, function call'} ${call.name}`, call.arguments ?? '', { testid: reply.content ? 'tool-call' : 'reply' })),
  ];
}

function numbers({ model, finish, usage, latency_ms: latency, retries = [], request_id: id }) {
  const beside = (n, what) => (n ? ` (${count(n)} ${what})` : '');
  return h('p.numbers.small.soft.num',
    model && h('span', model),
    finish && h(`span${finish === 'stop' || finish === 'tool_calls' ? '' : '.warn-text'}`, `finish: ${words(finish)}`),
    h('span', usage ? `${count(usage.prompt_tokens)}${beside(usage.cached_tokens, 'cached')} + ${count(usage.completion_tokens)}${beside(usage.reasoning_tokens, 'reasoning')} tokens` : 'tokens not counted'),
    typeof latency === 'number' && h('span', span(latency / 1000)),
    retries.length > 0 && h('span.warn-text', `${retries.length} ${retries.length === 1 ? 'retry' : 'retries'}: ${retries.map((one) =>
      `${words(one.error)}${one.status ? ` ${one.status}` : ''}, waited ${span(one.delay_ms / 1000)}`).join('; ')}`),
    id && h('span.id', id));
}

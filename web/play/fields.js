// The fields of an action's parameters. Each has `element`, `get()`, which is undefined if nothing is given, and `set(value)`.

import { fill, h } from '../lib/dom.js';

const hook = (name) => ({ 'data-testid': `param-${name}`, name: `param-${name}` });

function labelled(label, control, ...more) {
  return h('label.play-field', h('span', label), control, ...more);
}

/** Returns a field that takes one value of a list. `names` are values, or pairs of a value and its words. */
export function pick(name, label, names, { empty } = {}) {
  const pairs = names.map((one) => (Array.isArray(one) ? one : [one, one]));
  const control = h('select', hook(name), empty !== undefined && h('option', { value: '' }, empty), pairs.map(([value, words]) => h('option', { value }, words)));
  return {
    element: labelled(label, control),
    get: () => control.value || undefined,
    set: (value) => { if ([...control.options].some((one) => one.value === value)) control.value = value; },
    control,
  };
}

/** Returns a field for one line of text. `suggest()` returns values to choose from. */
export function line(name, label, { suggest, placeholder, help } = {}) {
  const id = `suggest-${name}`;
  const offers = suggest && h('datalist', { id });
  const renew = () => { if (suggest) fill(offers, suggest().map((value) => h('option', { value }))); };
  const control = h('input', { ...hook(name), type: 'text', autocomplete: 'off', spellcheck: 'false', list: suggest && id, placeholder, onfocus: renew });
  return { element: labelled(label, control, offers, help && h('span.small.soft', help)), get: () => control.value.trim() || undefined, set: (value) => { control.value = value ?? ''; }, control };
}

/** Returns a field for several lines of text. */
export function lines(name, label, { placeholder } = {}) {
  const control = h('textarea', { ...hook(name), rows: 4, placeholder });
  return { element: labelled(label, control), get: () => control.value.trim() || undefined, set: (value) => { control.value = value ?? ''; }, control };
}

/** Returns a field for a number between bounds. */
export function quantity(name, label, { min, max, step, placeholder }) {
  const control = h('input.num', { ...hook(name), type: 'number', min, max, step, placeholder });
  return { element: labelled(label, control), get: () => (control.value === '' ? undefined : Number(control.value)), set: (value) => { control.value = value ?? ''; }, control };
}

/** Returns a field that shows all of a few values: pairs of a value and its words. */
export function choice(name, label, pairs, short = false) {
  const inputs = pairs.map(([value]) => h('input', { type: 'radio', name: `param-${name}`, value }));
  const element = h('fieldset.play-choice', { 'data-testid': `param-${name}` }, h('legend', label),
    h('div.play-pills', pairs.map(([value, words], at) => h('label.play-pill', inputs[at], h('span', short ? [h('b', value), ` ${words}`] : words)))));
  return {
    element,
    get: () => inputs.find((one) => one.checked)?.value,
    set: (value) => { for (const one of inputs) one.checked = one.value === value; },
    control: inputs[0],
  };
}

/** Returns a field that takes several names in an order. They are added from a list, or by calling `toggle`. */
export function several(name, label, { names, most = Infinity, help, onchange }) {
  let held = [];
  const chips = h('div.row.play-held');
  const control = names && h('select', { ...hook(name), 'aria-label': `${label}: add`, onchange: () => { toggle(control.value); control.value = ''; } },
    h('option', { value: '' }, 'Add…'), names.map((value) => h('option', { value }, value)));
  const show = () => {
    fill(chips, held.length === 0 && h('span.small.soft', help), held.map((value) => h('button.play-chip.mono', {
      type: 'button', 'aria-label': `${value}: take out`, onclick: () => toggle(value),
    }, value, h('span', { 'aria-hidden': 'true' }, ' ×'))));
    onchange?.();
  };
  const toggle = (value) => {
    if (!value) return;
    if (held.includes(value)) held = held.filter((one) => one !== value);
    else if (held.length < most) held = [...held, value];
    show();
  };
  show();
  return {
    element: h('div.play-field', { 'data-testid': control ? undefined : `param-${name}`, role: 'group', 'aria-label': label }, h('span', label), chips, control),
    get: () => (held.length ? [...held] : undefined),
    set: (value) => { held = [...(value ?? [])]; show(); },
    toggle,
    held: () => held,
    control,
  };
}

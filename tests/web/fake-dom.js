// As much of a browser as the page's modules need to build elements: a tree of nodes, attributes, events, and sizes that a test sets.
//
// It lays nothing out and draws nothing: tests/e2e/web.sh has a real browser. It lets a test see what a module builds, and act on it.

class FakeNode {
  parentNode = null;
  get nextSibling() { return this.parentNode?.childNodes[this.parentNode.childNodes.indexOf(this) + 1] ?? null; }
  remove() {
    if (!this.parentNode) return;
    this.parentNode.childNodes.splice(this.parentNode.childNodes.indexOf(this), 1);
    this.parentNode = null;
  }
  before(...nodes) { this.parentNode.insert(this.parentNode.childNodes.indexOf(this), nodes); }
  after(...nodes) { this.parentNode.insert(this.parentNode.childNodes.indexOf(this) + 1, nodes); }
  replaceWith(...nodes) {
    this.before(...nodes);
    this.remove();
  }
}

class FakeText extends FakeNode {
  constructor(text) { super(); this.textContent = text; }
}

class FakeElement extends FakeNode {
  childNodes = [];
  attributes = new Map();
  listeners = new Map();
  properties = new Map();
  scrollTop = 0;
  clientHeight = 0;
  offsetHeight = 0;
  style = { setProperty: (name, value) => this.properties.set(name, String(value)) };
  dataset = new Proxy(this, {
    get: (of, key) => of.getAttribute(attributeOf(key)) ?? undefined,
    set: (of, key, value) => { of.setAttribute(attributeOf(key), value); return true; },
  });
  classList = {
    toggle: (name, on = !this.classes.includes(name)) => { this.className = [...this.classes.filter((one) => one !== name), ...(on ? [name] : [])].join(' '); return on; },
    add: (name) => this.classList.toggle(name, true),
    remove: (name) => this.classList.toggle(name, false),
    contains: (name) => this.classes.includes(name),
  };

  constructor(name, namespace = null) { super(); Object.assign(this, { name, namespace }); }
  get classes() { return (this.getAttribute('class') ?? '').split(' ').filter(Boolean); }
  get className() { return this.getAttribute('class') ?? ''; }
  set className(value) { this.setAttribute('class', value); }
  get children() { return this.childNodes.filter((node) => node instanceof FakeElement); }
  get firstChild() { return this.childNodes[0] ?? null; }
  get firstElementChild() { return this.children[0] ?? null; }
  get textContent() { return this.childNodes.map((node) => node.textContent).join(''); }
  set textContent(text) { this.replaceChildren(...(text === '' ? [] : [text])); }
  get open() { return this.attributes.has('open'); }
  set open(is) { if (is) this.setAttribute('open', ''); else this.removeAttribute('open'); }
  get hidden() { return this.attributes.has('hidden'); }
  set hidden(is) { if (is) this.setAttribute('hidden', ''); else this.removeAttribute('hidden'); }
  setAttribute(name, value) { this.attributes.set(name, String(value)); }
  getAttribute(name) { return this.attributes.get(name) ?? null; }
  removeAttribute(name) { this.attributes.delete(name); }
  addEventListener(kind, listener) { this.listeners.set(kind, [...(this.listeners.get(kind) ?? []), listener]); }

  insert(at, nodes) {
    let to = at;
    for (const one of nodes) {
      const node = one instanceof FakeNode ? one : new FakeText(String(one));
      node.remove();
      this.childNodes.splice(to, 0, node);
      node.parentNode = this;
      to += 1;
    }
  }
  append(...nodes) { this.insert(this.childNodes.length, nodes); }
  prepend(...nodes) { this.insert(0, nodes); }
  replaceChildren(...nodes) {
    for (const node of [...this.childNodes]) node.remove();
    this.append(...nodes);
  }
  contains(node) { return node === this || this.children.some((child) => child.contains(node)); }

  /** Returns all elements below this one, in the order of the document. */
  all() { return this.children.flatMap((child) => [child, ...child.all()]); }
  /** Understands selectors of one element: `tag.class[attribute=value]`. */
  matches(selector) {
    const [, tag, classes, attributes] = /^([a-z0-9]*)((?:\.[\w-]+)*)((?:\[[^\]]+\])*)$/.exec(selector);
    return (!tag || tag === this.name) && classes.split('.').filter(Boolean).every((one) => this.classes.includes(one))
      && [...attributes.matchAll(/\[([\w-]+)(?:=['"]?([^'"\]]*)['"]?)?\]/g)].every(([, name, value]) =>
        (value === undefined ? this.attributes.has(name) : this.getAttribute(name) === value));
  }
  querySelectorAll(selector) { return this.all().filter((one) => one.matches(selector)); }
  querySelector(selector) { return this.querySelectorAll(selector)[0] ?? null; }
  closest(selector) { return this.matches(selector) ? this : this.parentNode?.closest(selector) ?? null; }

  /** Sends an event to this element and to all that contain it. */
  send(kind, properties = {}) {
    const event = { type: kind, target: this, preventDefault() { this.prevented = true; }, ...properties };
    for (let at = this; at; at = at.parentNode) for (const listener of at.listeners.get(kind) ?? []) listener(event);
    return event;
  }
  focus() { document.activeElement = this; this.send('focusin'); }
}

const attributeOf = (key) => `data-${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

/** Defines the globals of a browser. `frame()` runs what waits for the next frame, and `resize(element)` reports a new size. */
export function browser({ css = {} } = {}) {
  let waiting = [];
  const watched = new Map();
  const announced = new FakeElement('p');
  Object.assign(globalThis, {
    Node: FakeNode,
    document: {
      activeElement: null,
      body: new FakeElement('body'),
      createElement: (name) => new FakeElement(name),
      createElementNS: (namespace, name) => new FakeElement(name, namespace),
      getElementById: () => announced,
    },
    location: { origin: 'http://localhost', href: 'http://localhost/', hash: '' },
    requestAnimationFrame: (later) => waiting.push(later),
    getComputedStyle: () => ({ fontFamily: 'sans-serif', getPropertyValue: (name) => css[name] ?? '' }),
    getSelection: () => '',
    matchMedia: () => ({ matches: false }),
    ResizeObserver: class {
      constructor(told) { this.told = told; }
      observe(element) { watched.set(element, this.told); }
      disconnect() {}
    },
  });
  return {
    frame() { const now = waiting; waiting = []; for (const run of now) run(); },
    resize(element, rect = {}) { watched.get(element)([{ contentRect: rect }]); },
    watched: () => [...watched.keys()],
    announced,
  };
}

// Elements without HTML: every text is a text node, so what a model or a server says can never become markup.

const SVG = 'http://www.w3.org/2000/svg';

/** An element: `h('a.tag', { href, onclick }, 'text', [more])`. Null and false children are left out. */
export function h(selector, ...parts) {
  return build((name) => document.createElement(name), selector, parts);
}

/** The same in SVG. */
export function s(selector, ...parts) {
  return build((name) => document.createElementNS(SVG, name), selector, parts);
}

function build(create, selector, parts) {
  const [name, ...classes] = selector.split('.');
  const element = create(name || 'div');
  if (classes.length) element.setAttribute('class', classes.join(' '));
  const [first] = parts;
  const has = first !== null && typeof first === 'object' && !Array.isArray(first) && !(first instanceof Node);
  if (has) set(element, first);
  append(element, has ? parts.slice(1) : parts);
  return element;
}

/** Properties: `on…` listens, `style` is an object of CSS properties, true and false set and remove, others are attributes. */
export function set(element, properties) {
  for (const [key, value] of Object.entries(properties)) {
    if (value === undefined || value === null) continue;
    if (key.startsWith('on')) element.addEventListener(key.slice(2), value);
    // By the object model: an attribute would be refused by the page's policy.
    else if (key === 'style') for (const [name, to] of Object.entries(value)) element.style.setProperty(name, to);
    else if (key === 'value') element.value = value;
    else if (value === false) element.removeAttribute(key);
    else element.setAttribute(key, value === true ? '' : value);
  }
  return element;
}

function append(element, children) {
  for (const child of children) {
    if (Array.isArray(child)) append(element, child);
    else if (child !== null && child !== undefined && child !== false) element.append(child);
  }
}

/** Puts these in the place of all that an element holds. */
export function fill(element, ...children) {
  element.replaceChildren();
  append(element, children);
  return element;
}

/** Says something to who cannot see the page. */
export function announce(text) {
  document.getElementById('announce').textContent = text;
}

/** A number with so many digits behind the point; a dash where there is none. */
export function fixed(value, digits = 3) {
  return typeof value === 'number' && Number.isFinite(value) ? value.toFixed(digits) : '–';
}

/** A count with thin spaces between thousands. */
export function count(value) {
  return typeof value === 'number' ? String(value).replace(/\B(?=(\d{3})+$)/g, '\u2009') : '–';
}

/** A button that puts a text on the clipboard, and says that it did. */
export function copier(label, text) {
  const button = h('button', { type: 'button' }, label);
  button.addEventListener('click', async () => {
    const value = typeof text === 'function' ? text() : text;
    try {
      await navigator.clipboard.writeText(value);
      button.textContent = 'Copied';
    } catch {
      // Without a secure origin there is no clipboard: the text is shown to be copied by hand.
      button.after(h('pre.notice', value));
      button.textContent = 'Copy it from here';
    }
    announce(button.textContent);
    setTimeout(() => { button.textContent = label; }, 1600);
  });
  return button;
}

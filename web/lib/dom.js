// Builds elements without HTML: every text is a text node, so what a model or a server writes can never become markup.

const SVG = 'http://www.w3.org/2000/svg';

/** Returns an element: `h('a.tag', { href, onclick }, 'text', [more])`. Children that are null or false are left out. */
export function h(selector, ...parts) {
  return build((name) => document.createElement(name), selector, parts);
}

/** Returns an element of SVG, built in the same way. */
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

/** Sets properties: `on…` listens, `style` is an object of CSS properties, true and false set and remove, and all others are attributes. */
export function set(element, properties) {
  for (const [key, value] of Object.entries(properties)) {
    if (value === undefined || value === null) continue;
    if (key.startsWith('on')) element.addEventListener(key.slice(2), value);
    // Styles are set by the object model, because the page's policy refuses a style attribute.
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

/** Replaces everything that an element holds with these children. */
export function fill(element, ...children) {
  element.replaceChildren();
  append(element, children);
  return element;
}

/** Makes a screen reader say a text. */
export function announce(text) {
  document.getElementById('announce').textContent = text;
}

/** Returns a number with the given count of decimals, or a dash if it is not a finite number. */
export function fixed(value, digits = 3) {
  return typeof value === 'number' && Number.isFinite(value) ? value.toFixed(digits) : '–';
}

/** Returns a count with thin spaces between the thousands, or a dash if it is not a number. */
export function count(value) {
  return typeof value === 'number' ? String(value).replace(/\B(?=(\d{3})+$)/g, '\u2009') : '–';
}

/** Returns a button that copies a text to the clipboard and says that it did. */
export function copier(label, text) {
  const button = h('button', { type: 'button' }, label);
  button.addEventListener('click', async () => {
    const value = typeof text === 'function' ? text() : text;
    try {
      await navigator.clipboard.writeText(value);
      button.textContent = 'Copied';
    } catch {
      // Without a secure origin there is no clipboard, so the text is shown for copying by hand.
      button.after(h('pre.notice', value));
      button.textContent = 'Copy it from here';
    }
    announce(button.textContent);
    setTimeout(() => { button.textContent = label; }, 1600);
  });
  return button;
}

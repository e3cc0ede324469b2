// Small helpers to make elements. Text from outside only ever becomes text.

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, '');
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  for (const child of children.flat(Infinity)) {
    if (child != null && child !== false) element.append(child);
  }
  return element;
}

// h makes an element of HTML.
export function h(name, attributes, ...children) {
  return fill(document.createElement(name), attributes, children);
}

// s makes an element of SVG.
export function s(name, attributes, ...children) {
  return fill(document.createElementNS('http://www.w3.org/2000/svg', name), attributes, children);
}

// show replaces the content of the element with an id, and keeps the focus on the same part.
export function show(id, ...children) {
  const focused = document.activeElement?.id;
  const element = document.getElementById(id);
  element.replaceChildren(...children.flat(Infinity).filter((c) => c != null && c !== false));
  if (focused && document.activeElement?.id !== focused) {
    document.getElementById(focused)?.focus({ preventScroll: true });
  }
}

// clip shortens text for a box.
export const clip = (text, most) => (text.length > most ? text.slice(0, most - 1) + '…' : text);

const counts = new Intl.NumberFormat('en', { maximumFractionDigits: 1, notation: 'compact' });
const whole = new Intl.NumberFormat('en');

// compact writes a number in a few characters, and exact all of it.
export const compact = (n) => (n < 10000 ? whole.format(n) : counts.format(n));
export const axis = (n) => counts.format(n);
export const exact = (n) => whole.format(n);

// seconds writes a time as people say it.
export function seconds(n) {
  if (n < 10) return `${n.toFixed(1).replace('.0', '')} s`;
  if (n < 120) return `${Math.round(n)} s`;
  if (n < 7200) return `${Math.round(n / 60)} min`;
  return n < 172800 ? `${(n / 3600).toFixed(1)} h` : `${(n / 86400).toFixed(1)} days`;
}

// clock writes the time of day.
export const clock = (at, precise) => new Date(at).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', second: precise ? '2-digit' : undefined, hour12: false });

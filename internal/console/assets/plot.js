// Plots of values for each step of the period. The last value is now.
import { h, s, axis, clock, exact, seconds } from './dom.js';

const left = 52;
const foot = 20;
const head = 10;

// Each plot is drawn for the width that it has.
const sizes = new ResizeObserver((all) => all.forEach(({ target, contentRect }) => target.draw(contentRect.width)));

// above returns the first of some round numbers that is not below n.
function above(n, rounds) {
  const unit = 10 ** Math.floor(Math.log10(Math.max(n, 1)));
  return rounds.find((top) => top >= n) ?? [1, 2, 5, 10].map((k) => k * unit).find((top) => top >= n);
}

const times = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400];

// axes draws the frame: the top, the bottom, and the times of the ends.
function axes(width, height, top, format, begin, end) {
  const base = height - foot;
  return s('g', { class: 'axes', 'aria-hidden': 'true' },
    s('line', { x1: left, x2: width, y1: base, y2: base }),
    s('line', { x1: left, x2: width, y1: head, y2: head, class: 'faint' }),
    s('text', { x: left - 6, y: head + 4, 'text-anchor': 'end' }, format(top)),
    s('text', { x: left - 6, y: base + 4, 'text-anchor': 'end' }, '0'),
    s('text', { x: left, y: height - 5 }, clock(begin)),
    s('text', { x: width, y: height - 5, 'text-anchor': 'end' }, clock(end)));
}

// figure puts a plot beside a line of text with the value under the pointer or the arrow keys.
function figure({ id, label, height, step, end, n, marks, read, empty }) {
  const begin = end - n * step * 1000;
  const output = h('output', { class: 'reading' });
  const cursor = s('line', { class: 'cursor', y1: 4, y2: height - foot, visibility: 'hidden' });
  let slot = 1;
  let at = n - 1;
  const point = (i) => {
    at = Math.max(0, Math.min(n - 1, i));
    const x = left + (at + 0.5) * slot;
    cursor.setAttribute('x1', x);
    cursor.setAttribute('x2', x);
    cursor.setAttribute('visibility', 'visible');
    output.textContent = `${clock(begin + at * step * 1000)}: ${read(at)}`;
  };
  const leave = () => {
    cursor.setAttribute('visibility', 'hidden');
    output.textContent = '';
  };
  const plot = s('svg', {
    id, height, role: 'img', tabindex: '0', 'aria-label': label, class: 'plot',
    onpointermove: (e) => point(Math.floor((e.clientX - plot.getBoundingClientRect().left - left) / slot)),
    onpointerleave: leave, onblur: leave, onfocus: () => point(at),
    onkeydown: (e) => {
      const move = { ArrowLeft: -1, ArrowRight: 1, Home: -n, End: n }[e.key];
      if (!move) return;
      e.preventDefault();
      point(at + move);
    },
  });
  const whole = h('figure', {}, plot, output);
  whole.draw = (width) => {
    if (width <= left) return; // it is gone
    slot = (width - left) / n;
    const none = empty && s('text', { x: (left + width) / 2, y: height / 2, 'text-anchor': 'middle', 'aria-hidden': 'true' }, 'no records');
    plot.replaceChildren(...[none, marks({ width, slot, begin }), cursor].flat(Infinity).filter(Boolean));
  };
  sizes.observe(whole);
  return whole;
}

// agePlot shows the age of a source's oldest record, with the age from which records are late.
export function agePlot(id, name, ages, { step, end, late }) {
  const height = 130;
  const known = ages.filter((a) => a >= 0);
  const most = Math.max(0, ...known);
  const top = above(most, times);
  const base = height - foot;
  const y = (value) => base - (value / top) * (base - head);
  return figure({
    id, height, step, end, n: ages.length, empty: known.length === 0,
    label: `Age of the oldest record of ${name}: ${known.length ? `now ${seconds(known.at(-1))}, at most ${seconds(most)}` : 'no records'}. Arrow keys read values.`,
    read: (i) => (ages[i] < 0 ? 'no records' : seconds(ages[i])),
    marks: ({ width, slot, begin }) => {
      const x = (i) => left + (i + 0.5) * slot;
      const parts = [];
      let path = '';
      ages.forEach((a, i) => {
        if (a < 0) return;
        path += `${i > 0 && ages[i - 1] >= 0 ? 'L' : 'M'}${x(i).toFixed(1)} ${y(a).toFixed(1)}`;
        const alone = !(ages[i - 1] >= 0) && !(ages[i + 1] >= 0);
        if (alone) parts.push(s('circle', { cx: x(i), cy: y(a), r: 2.5, class: 'age-dot' }));
      });
      return [axes(width, height, top, seconds, begin, end),
        late <= top && s('g', { class: 'late' }, s('line', { x1: left, x2: width, y1: y(late), y2: y(late) }), s('text', { x: left + 6, y: y(late) - 5 }, `late: ${seconds(late)}`)),
        s('path', { d: path, class: 'age' }), parts];
    },
  });
}

// countPlot shows what a target got: bars of delivered, diverted and failed records.
export function countPlot(id, name, trend, { step, end }) {
  const height = 100;
  const kinds = ['delivered', 'diverted', 'failed'];
  const n = trend.delivered.length;
  const value = (kind, i) => Math.max(0, trend[kind]?.[i] ?? 0);
  const total = (i) => kinds.reduce((sum, kind) => sum + value(kind, i), 0);
  const top = above(Math.max(...Array.from({ length: n }, (_, i) => total(i))), [1, 2, 5]);
  const base = height - foot;
  const sums = kinds.map((kind) => `${exact(trend[kind].reduce((a, b) => a + Math.max(0, b), 0))} ${kind}`);
  return figure({
    id, height, step, end, n, empty: kinds.every((kind) => trend[kind].every((v) => v <= 0)),
    label: `Records of ${name}: ${sums.join(', ')}. Arrow keys read values.`,
    read: (i) => kinds.filter((kind) => kind === 'delivered' || value(kind, i)).map((kind) => `${exact(value(kind, i))} ${kind}`).join(', '),
    marks: ({ width, slot, begin }) => {
      const bars = [];
      for (let i = 0; i < n; i++) {
        let y = base;
        for (const kind of kinds) {
          const v = value(kind, i);
          if (!v) continue;
          const tall = Math.max((v / top) * (base - head), 2); // a single failure shows
          y -= tall;
          bars.push(s('rect', { x: (left + i * slot + slot * 0.1).toFixed(1), y: y.toFixed(1), width: (slot * 0.8).toFixed(1), height: tall.toFixed(1), class: `bar ${kind}` }));
        }
      }
      return [axes(width, height, top, axis, begin, end), bars];
    },
  });
}

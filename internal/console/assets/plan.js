// The picture of sources, function and targets.
import { s, clip, compact, seconds } from './dom.js';
import { marks } from './words.js';

const box = { w: 190, h: 48, gap: 14 };

// node draws a box with two lines of text, and a mark for its condition.
function node(x, y, w, { title, sub, state, href, label }) {
  const most = Math.floor((w - 40) / 7.4);
  const content = [
    s('rect', { x, y, width: w, height: box.h, rx: 8, class: `node ${state}` }),
    s('text', { x: x + 12, y: y + 21, class: 'name' }, clip(title, most)),
    s('text', { x: x + 12, y: y + 38, class: 'sub' }, clip(sub, most + 4)),
    s('text', { x: x + w - 18, y: y + 29, class: `mark ${state}`, 'text-anchor': 'middle' }, marks[state] ?? ''),
  ];
  return href ? s('a', { id: `go-${href.slice(1)}`, href, 'aria-label': label }, content) : s('g', {}, content);
}

// wire draws the way between two points.
function wire(x1, y1, x2, y2, state, upright) {
  const d = upright
    ? `M${x1} ${y1}V${y2}H${x2}`
    : `M${x1} ${y1}C${(x1 + x2) / 2} ${y1} ${(x1 + x2) / 2} ${y2} ${x2} ${y2}`;
  return s('path', { d, class: `wire ${state}` });
}

// flows is the state of the way of records to a target.
function flows(condition) {
  return { ok: 'ok', recovered: 'ok', diverted: 'warn', failing: 'ill', faulty: 'ill', diverting: 'ill' }[condition] ?? 'idle';
}

// The state of a source, by its mapping and age.
export function sourceState(source, late) {
  if (source.unsubscribed || !source.topic && !source.mapping && !source.unread) return 'warn';
  if (source.mapping?.state?.startsWith('Disabl')) return 'warn';
  if (source.mapping?.lastResult?.startsWith('PROBLEM')) return 'ill';
  if (source.age && source.age.lastSeconds > late) return 'ill';
  return source.records ? 'ok' : 'idle';
}

function sourceNode(source, i, late) {
  const sub = source.age ? `oldest ${seconds(source.age.lastSeconds)}` : source.mapping?.state ?? (source.unread ? 'not known' : source.unsubscribed ? 'no subscription' : source.topic ? 'topic' : 'no mapping');
  return { title: source.name, sub, state: sourceState(source, late), href: `#source-${i}`, label: `Source ${source.name}, ${sub}` };
}

function targetNode(t, i, k) {
  const c = t.counts;
  let sub = t.condition;
  if (c && c.failed) sub = `${compact(c.failed)} failed`;
  else if (c && c.diverted) sub = `${compact(c.diverted)} to onFailure`;
  else if (c && c.delivered) sub = `${compact(c.delivered)} delivered`;
  return { title: t.id, sub, state: flows(t.condition), href: `#target-${i}-${k}`, label: `Target ${t.id}, ${t.condition}, ${sub}` };
}

// plan draws the picture for a width in pixels.
export function plan(status, late, wide) {
  const sources = status.sources.map((source, i) => sourceNode(source, i, late));
  const targets = status.sources.flatMap((source, i) => source.targets.map((t, k) => ({ ...targetNode(t, i, k), source: i })));
  const state = { healthy: 'ok', attention: 'warn', unknown: 'idle' }[status.verdict.state] ?? 'ill';
  const calls = status.invocations ? `${compact(status.invocations.count)} invocations` : 'function';
  const center = { title: status.function, sub: calls, state };
  return wide < 640 ? upright(sources, center, targets, Math.max(wide, 300)) : across(sources, center, targets, wide);
}

// across goes from left to right.
function across(sources, center, targets, width) {
  const w = Math.min(240, (width - 120) / 3);
  const rows = Math.max(sources.length, targets.length, 1);
  const height = rows * (box.h + box.gap) + box.gap;
  const y = (i, n) => (height - n * (box.h + box.gap) + box.gap) / 2 + i * (box.h + box.gap);
  const middle = (width - w) / 2;
  const cy = y(0, 1);
  return frame(width, height, [
    sources.map((n, i) => wire(w, y(i, sources.length) + box.h / 2, middle, cy + box.h / 2, n.state)),
    targets.map((n, i) => wire(middle + w, cy + box.h / 2, width - w, y(i, targets.length) + box.h / 2, n.state)),
    sources.map((n, i) => node(1, y(i, sources.length), w - 1, n)),
    node(middle, cy, w, center),
    targets.map((n, i) => node(width - w, y(i, targets.length), w - 1, n)),
  ]);
}

// upright goes from top to bottom, for narrow screens.
function upright(sources, center, targets, width) {
  const step = box.h + box.gap;
  const indent = 34;
  const cy = sources.length * step + box.gap;
  const height = cy + step + targets.length * step + 4;
  return frame(width, height, [
    sources.map((n, i) => wire(indent / 2, i * step + box.h / 2 + 4, indent / 2, cy, n.state, true)),
    sources.map((n, i) => wire(indent, i * step + box.h / 2 + 4, indent / 2, i * step + box.h / 2 + 4, n.state)),
    targets.map((n, i) => wire(indent / 2, cy + box.h, indent, cy + (i + 1) * step + box.h / 2, n.state, true)),
    sources.map((n, i) => node(indent, i * step + 4, width - indent - 1, n)),
    node(1, cy, width - 2, center),
    targets.map((n, i) => node(indent, cy + (i + 1) * step, width - indent - 1, n)),
  ]);
}

function frame(width, height, parts) {
  return s('svg', { viewBox: `0 0 ${width} ${height}`, width, height, class: 'plan', role: 'group', 'aria-label': 'Sources, function and targets' }, parts);
}

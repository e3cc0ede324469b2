// The page: it asks the server for the status, and shows it.
import { h, show, clock, exact, seconds } from './dom.js';
import { plan, sourceState } from './plan.js';
import { agePlot, countPlot } from './plot.js';
import { conditions, marks, verdicts } from './words.js';

// The token is in a cookie now. The address without it can be shown to others.
history.replaceState(null, '', location.pathname + location.hash);

let last = null; // the last answer
let said = ''; // the last verdict, so that screen readers hear each one once
let paused = false;
let timer = 0;
let opener = ''; // the id of the button that opened the reason

const $ = (id) => document.getElementById(id);

function badge(kind, text) {
  return h('span', { class: `badge ${kind}` }, `${marks[kind]} ${text}`);
}

// remedy shows what to do. Its commands can be copied.
function remedy(id, { do: text, commands }) {
  if (!text) return null;
  const parts = [];
  let rest = text;
  (commands ?? []).forEach((command, i) => {
    const at = rest.indexOf(command);
    if (at < 0) return;
    parts.push(rest.slice(0, at), h('code', {}, command), h('button', { id: `${id}-${i}`, type: 'button', 'aria-label': `Copy ${command}`, onclick: (e) => copy(e.currentTarget, command) }, 'Copy'));
    rest = rest.slice(at + command.length);
  });
  return h('p', { class: 'remedy' }, '→ ', parts, rest);
}

async function copy(button, text) {
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = 'Copied';
  } catch {
    button.textContent = 'Not allowed';
  }
  setTimeout(() => { button.textContent = 'Copy'; }, 2000);
}

function showVerdict(status) {
  const { state, text } = status.verdict;
  const { mark, kind } = verdicts[state];
  document.title = `${mark} ${status.function}: ${state}`;
  $('verdict').className = `verdict ${kind}`;
  if (said === state + text) return;
  said = state + text;
  show('verdict', h('p', { class: 'state' }, `${mark} ${state}`), h('p', {}, text), remedy('copy-verdict', status.verdict));
}

function showProblems(problems) {
  show('problems', problems.slice(1).map((p, i) => h('div', { class: `problem ${verdicts[p.state].kind}` },
    h('p', {}, h('strong', {}, `${verdicts[p.state].mark} ${p.subject}: `), p.text), remedy(`copy-problem-${i}`, p))));
}

// explain opens the reasons of failures: each reason once, with its last case.
function explain(title, failures, button) {
  opener = button.id;
  const cases = Map.groupBy ? Map.groupBy(failures, (f) => f.error) : new Map(failures.map((f) => [f.error, [f]]));
  $('reason-title').textContent = title;
  $('reason-body').replaceChildren(...[...cases.values()].map(([f, ...earlier]) => h('article', {},
    h('p', { class: 'error' }, f.error),
    f.remedy && h('p', {}, f.remedy),
    h('dl', {}, facts(f).map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, value)))),
    earlier.length > 0 && h('p', { class: 'earlier' }, `also at ${earlier.map((e) => clock(e.at, true)).join(', ')}`))));
  $('reason').showModal();
}

function facts(f) {
  return [
    ['time', new Date(f.at).toLocaleString()], ['target', f.target], ['source', f.source], ['class', f.class], ['records', f.records && exact(f.records)],
    ['went to', f.diverted && 'onFailure'], ['shard', f.shard], ['first sequence number', f.sequence], ['request', f.requestId],
  ].filter(([, value]) => value);
}

function showTarget(answer, i, k) {
  const source = answer.status.sources[i];
  const t = source.targets[k];
  const trend = answer.trends[i]?.targets[k];
  const own = answer.status.failures.filter((f) => f.source === source.arn && f.target === t.id);
  if (own.length === 0 && t.lastError) own.push(t.lastError);
  const why = own.length > 0 && h('button', { id: `why-${i}-${k}`, type: 'button', class: 'why', onclick: (e) => explain(`Why ${t.id} failed`, own, e.currentTarget) }, `Why? ${own[0].error}`);
  return h('li', { id: `target-${i}-${k}`, class: `target ${conditions[t.condition]}`, tabindex: '-1' },
    h('div', { class: 'head' }, h('h4', {}, t.id), badge(conditions[t.condition], t.condition), h('p', { class: 'to' }, `${t.type} ${t.destination}`)),
    t.counts && h('dl', { class: 'counts' }, Object.entries(t.counts)
      .filter(([name, n]) => n || name === 'delivered' || name === 'failed')
      .map(([name, n]) => h('div', { class: n ? name : `${name} none` }, h('dt', {}, name), h('dd', {}, exact(n))))),
    trend?.delivered && countPlot(`plot-${i}-${k}`, t.id, trend, times(answer)),
    why);
}

// times says which time a plot shows.
const times = (answer) => ({
  step: answer.stepSeconds, late: answer.lateSeconds,
  end: Math.ceil(new Date(answer.status.at) / (answer.stepSeconds * 1000)) * answer.stepSeconds * 1000,
});

function showSource(answer, i) {
  const source = answer.status.sources[i];
  const ages = answer.trends[i]?.ages;
  const kind = sourceState(source, answer.lateSeconds);
  let state = source.unread ? 'not known' : source.unsubscribed ? 'no subscription' : source.topic ? 'topic' : source.mapping?.state ?? 'no mapping';
  if (kind === 'ill') state = source.age?.lastSeconds > answer.lateSeconds ? 'late' : 'problem';
  const facts = [
    ['records', source.records == null ? 'not known' : exact(source.records)],
    ...source.waiting == null ? [] : [['waiting in the queue', exact(source.waiting)]],
    ['oldest now', source.age ? seconds(source.age.lastSeconds) : '–'],
    ['oldest in the period', source.age ? seconds(source.age.mostSeconds) : '–'],
    ['last result', source.mapping?.lastResult || '–'],
  ];
  return h('section', { id: `source-${i}`, class: 'source', tabindex: '-1', 'aria-labelledby': `source-title-${i}` },
    h('div', { class: 'head' }, h('h2', { id: `source-title-${i}` }, source.name), badge(kind, state)),
    h('dl', { class: 'facts' }, facts.map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, value)))),
    ages && [h('h3', {}, 'Age of the oldest record'), agePlot(`age-${i}`, source.name, ages, times(answer))],
    source.targets.length > 0 && [h('h3', {}, 'Targets'), h('ul', { class: 'targets' }, source.targets.map((_, k) => showTarget(answer, i, k)))]);
}

function showFailures(failures) {
  show('failures', failures.length > 0 && [h('h2', {}, 'Failures'), h('ul', { class: 'failures' }, failures.slice(0, 20).map((f, i) =>
    h('li', {}, h('button', { id: `failure-${i}`, type: 'button', onclick: (e) => explain(f.target ? `Why ${f.target} failed` : 'Why the function failed', [f], e.currentTarget) },
      h('time', { datetime: f.at }, clock(f.at, true)), h('strong', {}, f.target || 'the function'), h('span', {}, f.error)))))]);
}

function showUnknown(unknown) {
  show('unknown', unknown.length > 0 && [h('h2', {}, 'Not known'), h('ul', {}, unknown.map((u) => h('li', {}, `${u.what}: ${u.why}`)))]);
}

function showAll(answer) {
  const { status } = answer;
  if (!status) {
    show('verdict', h('p', { class: 'state' }, '? unknown'), h('p', {}, answer.fault));
    return;
  }
  $('function').textContent = status.function;
  $('where').textContent = `${status.region}, the last ${seconds(status.periodSeconds)}`;
  $('updated').textContent = answer.fault ? `not read since ${clock(status.at, true)}: ${answer.fault}` : `as of ${clock(status.at, true)}`;
  $('updated').className = answer.fault ? 'stale' : '';
  showVerdict(status);
  showProblems(status.problems);
  showPlan();
  show('sources', status.sources.map((_, i) => showSource(answer, i)));
  showFailures(status.failures);
  showUnknown(status.unknown);
}

function showPlan() {
  if (last?.status) show('path', plan(last.status, last.lateSeconds, $('path').clientWidth));
}

// ask gets the status, and asks again later. A page that nobody sees does not ask.
async function ask() {
  clearTimeout(timer);
  let wait = 5;
  try {
    const response = await fetch('status.json', { headers: { Accept: 'application/json' } });
    if (!response.ok) throw new Error(await response.text());
    last = await response.json();
    wait = last.everySeconds;
    showAll(last);
  } catch (e) {
    $('updated').textContent = `fanout ui does not answer: ${e.message}`;
    $('updated').className = 'stale';
  }
  if (!paused && !document.hidden) timer = setTimeout(ask, wait * 1000);
}

$('pause').addEventListener('click', () => {
  paused = !paused;
  $('pause').setAttribute('aria-pressed', paused);
  document.body.classList.toggle('paused', paused);
  if (paused) clearTimeout(timer);
  else ask();
});
$('reason').addEventListener('close', () => $(opener)?.focus()); // a new one may be in its place
document.addEventListener('visibilitychange', () => { if (!document.hidden && !paused) ask(); });
new ResizeObserver(showPlan).observe($('path'));
ask();

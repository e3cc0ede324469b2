// Words and marks for states. A mark stands beside each color.
export const marks = { ok: '✓', warn: '!', ill: '✗', idle: '·' };

export const verdicts = {
  healthy: { mark: '✓', kind: 'ok' },
  attention: { mark: '!', kind: 'warn' },
  late: { mark: '✗', kind: 'ill' },
  failing: { mark: '✗', kind: 'ill' },
  unknown: { mark: '?', kind: 'idle' },
};

export const conditions = {
  ok: 'ok', recovered: 'ok', idle: 'idle', inactive: 'idle', unknown: 'idle',
  diverted: 'warn', diverting: 'ill', failing: 'ill', faulty: 'ill',
};

import { expect, test } from '@jest/globals';
import { isGreen, readResults, renderFailure, renderTable, testSum } from './report.ts';
import { STAGES } from './stages.ts';

const [GENERATED, FORMAT, TYPES, LINT] = STAGES;
const ran = (task: string, over: { status?: string; exitCode?: number | null; error?: string } = {}) => ({
  task,
  cache: { status: over.status ?? 'MISS' },
  execution: {
    startTime: 1_000,
    endTime: 3_500,
    exitCode: over.exitCode ?? 0,
    ...(over.error ? { error: over.error } : {}),
  },
});

test('a stage is told as turbo met it: run, unchanged, failed, or never run', () => {
  const results = readResults([GENERATED, FORMAT, TYPES, LINT], {
    tasks: [
      ran('check:generated'),
      ran('check:format', { status: 'HIT' }),
      ran('check:types', { exitCode: 2 }),
      { task: 'check:lint', cache: { status: 'MISS' } },
    ],
  });
  expect(results.map(({ state }) => state)).toEqual(['ok', 'unchanged', 'failed', 'not run']);
  expect(renderTable(results).split('\n')[2]).toBe('failed       2.5 s  types     tsc proves the types');
  expect(isGreen(results.slice(0, 2))).toBe(true);
  expect(isGreen(results.slice(0, 3))).toBe(false);
});

test('a stage that did not run is not green', () => {
  expect(isGreen(readResults([GENERATED], { tasks: [] }))).toBe(false);
});

test('a stage that a signal ended is failed', () => {
  expect(
    readResults([GENERATED], { tasks: [ran('check:generated', { exitCode: null, error: 'killed' })] })[0]?.state,
  ).toBe('failed');
});

test('a failure shows its output and one line that says how to mend it', () => {
  const [failed] = readResults([FORMAT], { tasks: [ran('check:format', { exitCode: 1 })] });
  expect(failed && renderFailure(failed, ['', 'a.ts is not formatted'])).toBe(
    '\n── format failed ──\na.ts is not formatted\nTo mend: npx biome check --write .\n',
  );
});

test('the sum of the tests is the last line of that form', () => {
  expect(testSum(['1 passed, 0 failed', 'noise', '12 passed, 1 failed, 2 skipped', ''])).toBe(
    '12 passed, 1 failed, 2 skipped',
  );
  expect(testSum(['it crashed'])).toBeUndefined();
});

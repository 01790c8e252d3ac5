import { expect, test } from '@jest/globals';
import { type Run, summarize, summaryLine } from './summary.ts';

const file = (status: string, ...tests: string[]) => ({
  name: 'a.test.ts',
  status,
  assertionResults: tests.map((status) => ({ status })),
});
const run = (over: Partial<Run> = {}): Run => ({
  result: { testResults: [file('passed', 'passed', 'passed')] },
  exitCode: 0,
  leaks: [],
  leftOut: 0,
  ...over,
});
const line = (over: Partial<Run> = {}) => summaryLine(summarize(run(over)));

test('passed and failed tests of all files are summed', () => {
  const testResults = [file('passed', 'passed', 'passed'), file('failed', 'failed', 'passed', 'failed')];
  expect(line({ result: { testResults }, exitCode: 1 })).toBe('3 passed, 2 failed');
});

test('a file that could not be loaded is one failure', () => {
  const testResults = [file('passed', 'passed'), file('failed')];
  expect(line({ result: { testResults }, exitCode: 1 })).toBe('1 passed, 1 failed');
});

test('a file that fails after its tests passed is one failure', () => {
  expect(line({ result: { testResults: [file('failed', 'passed')] }, exitCode: 1 })).toBe('1 passed, 1 failed');
});

test('skipped tests and left-out files are told', () => {
  const testResults = [file('passed', 'passed', 'pending', 'todo')];
  expect(line({ result: { testResults }, leftOut: 3 })).toBe('1 passed, 0 failed, 5 skipped');
});

test('a run without a single test fails', () => {
  expect(line({ result: { testResults: [] }, exitCode: 0 })).toBe('0 passed, 1 failed');
  expect(line({ result: { testResults: [file('pending', 'pending')] } })).toBe('0 passed, 1 failed, 1 skipped');
});

test('jest ending without a result is a failure', () => {
  expect(line({ result: undefined, exitCode: null })).toBe('0 passed, 1 failed');
});

test('an exit code that nothing explains is a failure', () => {
  expect(line({ exitCode: 1 })).toBe('2 passed, 1 failed');
});

test('a leak that jest complains of is a failure', () => {
  expect(line({ leaks: ['a test file left something running'] })).toBe('2 passed, 1 failed');
});

import { expect, test } from '@jest/globals';
import { parseArguments, planTests } from './plan.ts';

const UNIT = 'kernel/src/clock.test.ts';
const JOURNEY = 'tests/journeys/vehicles/added.test.ts';
const CONFORMANCE = 'tests/conformance/outbox.external.test.ts';
const BROWSER = 'tests/journeys/explorer.browser.test.ts';

test('tests that need nothing start nothing', () => {
  expect(planTests([UNIT], { embedded: false, hasChromium: false })).toEqual({ programs: [], leftOut: [] });
});

test('a journey and an external test call for both servers, a browser test for Chromium only', () => {
  expect(planTests([JOURNEY], { embedded: false, hasChromium: false }).programs).toEqual(['postgresql', 'redis']);
  expect(planTests([CONFORMANCE], { embedded: false, hasChromium: false }).programs).toEqual(['postgresql', 'redis']);
  expect(planTests([BROWSER], { embedded: false, hasChromium: false }).programs).toEqual(['chromium']);
});

test('--embedded needs no server and names everything that it leaves out', () => {
  const { programs, leftOut } = planTests([UNIT, JOURNEY, CONFORMANCE, BROWSER], {
    embedded: true,
    hasChromium: false,
  });
  expect(programs).toEqual([]);
  expect(leftOut.map(({ files }) => files)).toEqual([[CONFORMANCE], [JOURNEY], [BROWSER]]);
});

test('--embedded runs the browser test where a Chromium is', () => {
  const plan = planTests([BROWSER], { embedded: true, hasChromium: true });
  expect(plan).toEqual({ programs: ['chromium'], leftOut: [] });
});

test('every argument but our own reaches jest', () => {
  expect(parseArguments(['--embedded', 'kernel', '-t', 'a full flat'])).toEqual({
    help: false,
    embedded: true,
    jest: ['kernel', '-t', 'a full flat'],
  });
});

import { expect, test } from '@jest/globals';
import { FAULTY_PERCENT, startFaults } from './faults.ts';
import type { Fault, PlatformControl } from './platform-control.ts';

test('at least four of ten calls to the platform go wrong, whatever the order in which the faults are asked', async () => {
  const faults: Fault[] = [];
  const control = {
    clearFaults: async () => undefined,
    fault: async (fault: Fault) => void faults.push(fault),
  } as Partial<PlatformControl> as PlatformControl;
  await startFaults(control);
  // The newest is asked first.
  const passes = faults.reduceRight((left, { probability = 1 }) => left * (1 - probability), 1);
  expect(1 - passes).toBeCloseTo(FAULTY_PERCENT / 100, 10);
  expect(FAULTY_PERCENT).toBeGreaterThanOrEqual(40);
});

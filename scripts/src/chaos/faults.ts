/** How the platform misbehaves: 43 of 100 calls, before and after their effect. */
import type { Fault, PlatformControl } from './platform-control.ts';

type Kind = { fault: Fault; percent: number };

/** Of all calls. 429 is rare, since one of them stops a whole client for as long as it says. */
const KINDS: readonly Kind[] = [
  { percent: 3, fault: { kind: 'timeout-before', ms: 2_500 } },
  { percent: 4, fault: { kind: 'timeout-after-effect', ms: 2_500 } },
  { percent: 5.5, fault: { kind: 'reset-before' } },
  { percent: 6, fault: { kind: 'reset-after-effect' } },
  { percent: 5, fault: { kind: '500-before' } },
  { percent: 6, fault: { kind: '500-after-effect' } },
  { percent: 4, fault: { kind: '503', retryAfterSeconds: 1 } },
  { percent: 1.5, fault: { kind: '200-text' } },
  { percent: 3, fault: { kind: 'junk-json' } },
  { percent: 1.5, fault: { kind: 'schema-drift' } },
  { percent: 1, fault: { kind: 'slow', ms: 1_100 } },
  { percent: 1.5, fault: { kind: 'slow', ms: 400 } },
  { percent: 1, fault: { kind: 'bad-signature' } },
];

export const FAULTY_PERCENT = KINDS.reduce((sum, { percent }) => sum + percent, 0);

/**
 * The newest fault is asked first, and the next one only when it let the call pass: each probability is that of what is
 * left.
 */
export const startFaults = async (control: PlatformControl): Promise<void> => {
  await control.clearFaults();
  let below = FAULTY_PERCENT;
  for (const { fault, percent } of KINDS) {
    below -= percent;
    await control.fault({ ...fault, probability: percent / (100 - below) });
  }
};

/** A burst of 429 that asks for a second's rest. */
export const refuseForRate = (control: PlatformControl): Promise<void> =>
  control.fault({ kind: '429', times: 2, retryAfterSeconds: 1 });

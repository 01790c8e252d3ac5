import { HouseError } from '@house/kernel/errors';
import type { OpenMethod } from '../platform/platform.ts';

export const DEADLINE_MS = { least: 3_000, usual: 10_000, most: 20_000 } as const;

/** How long after the tap the door may still open. @throws HouseError `BAD_USER_INPUT` outside 3 000 to 20 000. */
export const requireDeadline = (deadlineMs: number | null | undefined): number => {
  const chosen = deadlineMs ?? DEADLINE_MS.usual;
  if (chosen >= DEADLINE_MS.least && chosen <= DEADLINE_MS.most) return chosen;
  throw new HouseError('BAD_USER_INPUT', {
    message: `The deadline lies between ${DEADLINE_MS.least} and ${DEADLINE_MS.most} milliseconds.`,
    path: ['input', 'deadlineMs'],
  });
};

/** Ways in that do without the platform, as a resident knows them; the others lead through it. */
const WITHOUT_PLATFORM: Readonly<Partial<Record<OpenMethod, string>>> = {
  PIN: 'PIN code',
  QR: 'QR code',
  FACE: 'face',
  PLATE: 'number plate',
  RFID: 'key fob',
  CALL: 'call from the door',
  CONCIERGE: 'concierge',
};

/**
 * What a person is told at a door that the platform cannot open now.
 * @returns undefined when no other way in is known.
 */
export const otherWaysIn = (methods: readonly OpenMethod[]): string | undefined => {
  const ways = methods.flatMap((method) => WITHOUT_PLATFORM[method] ?? []);
  return ways.length > 0 ? `The smart-home platform cannot be reached; other ways in: ${ways.join(', ')}.` : undefined;
};

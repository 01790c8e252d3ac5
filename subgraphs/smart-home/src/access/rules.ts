import { HouseError } from '@house/kernel/errors';

const DEADLINE_MS = { least: 3_000, usual: 10_000, most: 20_000 } as const;

/** How long after the tap the door may still open. @throws HouseError `BAD_USER_INPUT` outside 3 000 to 20 000. */
export const requireDeadline = (deadlineMs: number | null | undefined): number => {
  const chosen = deadlineMs ?? DEADLINE_MS.usual;
  if (chosen >= DEADLINE_MS.least && chosen <= DEADLINE_MS.most) return chosen;
  throw new HouseError('BAD_USER_INPUT', {
    message: `The deadline lies between ${DEADLINE_MS.least} and ${DEADLINE_MS.most} milliseconds.`,
    path: ['input', 'deadlineMs'],
  });
};

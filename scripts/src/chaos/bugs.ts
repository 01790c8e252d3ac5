/**
 * Bugs by which the harness can be seen to fail, each with the counters that must find it. They are planted from outside
 * (planted.ts); what smart-home does then is told in docs/chaos.md.
 */
import type { Counter } from './history.ts';

export const BUGS = {
  'new-key-per-attempt': ['duplicated'],
  'no-deadline': ['late'],
  'no-reconcile': ['falseNotOpened'],
  'no-ordering': ['outOfOrder'],
  'no-sweeper': ['lost'],
  'no-fencing': ['lost', 'duplicated', 'falseNotOpened', 'outOfOrder'],
  'ack-before-commit': ['lost'],
  'retry-on-toggle': ['duplicated'],
  'key-reuse-accepted': ['lost', 'duplicated'],
  'stale-permission': ['late'],
  'repeat-after-crash': ['duplicated', 'falseNotOpened'],
  'expired-when-uncertain': ['falseNotOpened'],
} as const satisfies Record<string, readonly Counter[]>;

export type Bug = keyof typeof BUGS;

export const isBug = (name: string): name is Bug => Object.hasOwn(BUGS, name);

/** What happens more often than otherwise, so that a short run is enough. */
export type Focus = 'toggles' | 'revocations' | 'postgres';

const FOCUSES: Readonly<Partial<Record<Bug, Focus>>> = {
  'ack-before-commit': 'postgres',
  'retry-on-toggle': 'toggles',
  'stale-permission': 'revocations',
};
export const focusOf = (bug: Bug | undefined): Focus | undefined => bug && FOCUSES[bug];

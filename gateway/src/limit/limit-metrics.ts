import { Counter, type Registry } from 'prom-client';

/** `admitted`; `refused` for lack of a place; `locked` after failed guesses; `unknown` when it could not be decided. */
export type Verdict = 'admitted' | 'refused' | 'locked' | 'unknown';

export type LimitMetrics = {
  decided(policy: string, verdict: Verdict): void;
  /** A guess that failed. */
  guessed(policy: string): void;
};

/** By policy, which is a field's name; no label tells who asked or what was asked for. */
export const createLimitMetrics = (registry: Registry): LimitMetrics => {
  const decisions = new Counter({
    name: 'limit_decisions_total',
    help: 'Uses of limited fields, by policy and verdict.',
    labelNames: ['policy', 'verdict'],
    registers: [registry],
  });
  const guesses = new Counter({
    name: 'limit_failed_guesses_total',
    help: 'Failed guesses that were counted towards a lockout, by policy.',
    labelNames: ['policy'],
    registers: [registry],
  });
  return {
    decided: (policy, verdict) => decisions.inc({ policy, verdict }),
    guessed: (policy) => guesses.inc({ policy }),
  };
};

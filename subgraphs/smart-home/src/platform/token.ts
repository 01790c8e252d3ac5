import type { Clock } from '@house/kernel/clock';

export type IssuedToken = { value: string; expiresInMs: number };

export type TokenSource = {
  /**
   * The current token; asks for one when there is none or 80 % of its life is over. Concurrent callers share one request,
   * which has a limit of its own: a caller in a hurry must not end it for the others.
   */
  get(): Promise<string>;
  /** Says that `value` was refused, so that the next call asks again. */
  refused(value: string): void;
};

/** What is left of a token's life when it is no longer used: a request under way must not outlive its token. */
const USED_SHARE = 0.8;
const ASK_LIMIT_MS = 2_000;

/** @param ask requests one new token from the platform. */
export const createTokenSource = ({
  ask,
  clock,
}: {
  ask: (signal: AbortSignal) => Promise<IssuedToken>;
  clock: Clock;
}): TokenSource => {
  let current: { value: string; until: number } | undefined;
  let asking: Promise<string> | undefined;
  return {
    get: () => {
      if (current && clock().getTime() < current.until) return Promise.resolve(current.value);
      asking ??= ask(AbortSignal.timeout(ASK_LIMIT_MS))
        .then(({ value, expiresInMs }) => {
          current = { value, until: clock().getTime() + expiresInMs * USED_SHARE };
          return value;
        })
        .finally(() => {
          asking = undefined;
        });
      return asking;
    },
    refused: (value) => {
      if (current?.value === value) current = undefined;
    },
  };
};

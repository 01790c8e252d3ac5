import type { Clock } from '@house/kernel/clock';
import { networkFault, PlatformFault } from './faults.ts';

/** `certificate`: the one of ours (`x5t#S256`) to which the platform bound it (RFC 8705 §3). */
export type IssuedToken = { value: string; expiresInMs: number; certificate?: string | undefined };
/** A token with the time until which it is used. */
export type UsableToken = { value: string; until: Date; certificate?: string | undefined };

/**
 * Shares a token among processes, for a platform that ends the token before when it issues another: whoever needs one
 * takes what another process got, and only one at a time signs in.
 */
export type TokenMemory = {
  /**
   * The shared token, unless it is the `dead` one, which the platform refused; else what `signIn` brings, which is
   * remembered. Rejects as `signIn` does, and when `signal` ends the wait for another process; a memory that does not
   * work itself is no reason to reject.
   */
  obtain(need: {
    dead: string | undefined;
    signIn: () => Promise<UsableToken>;
    signal: AbortSignal;
  }): Promise<UsableToken>;
};

export type TokenSource = {
  /**
   * The current token; asks for one when there is none or 80 % of its life is over. Concurrent callers share one request,
   * which has a limit of its own: a caller in a hurry must not end it for the others.
   */
  get(): Promise<UsableToken>;
  /** Whether `get` would answer without asking anybody. */
  isThere(): boolean;
  /** Says that `value` was refused, so that the next call asks again. */
  refused(value: string): void;
};

/** What a session tells of its token to whoever judges whether the platform can be used. */
export type SignIn = {
  /** Whether it can speak without signing in first. */
  isSignedIn(): boolean;
  /** @throws PlatformFault */
  signIn(): Promise<void>;
};

/** What is left of a token's life when it is no longer used: a request under way must not outlive its token. */
const USED_SHARE = 0.8;
const ASK_LIMIT_MS = 2_000;

/**
 * @param ask requests one new token from the platform.
 * @param certificate what our connections show now; a token that is bound to another one is not used any more.
 * @param memory where other processes' tokens are found; without it each process has its own.
 */
export const createTokenSource = ({
  ask,
  certificate,
  memory,
  clock,
}: {
  ask: (signal: AbortSignal) => Promise<IssuedToken>;
  certificate?: () => string | undefined;
  memory?: TokenMemory | undefined;
  clock: Clock;
}): TokenSource => {
  let current: UsableToken | undefined;
  let dead: string | undefined;
  let asking: Promise<UsableToken> | undefined;

  const obtain = (): Promise<UsableToken> => {
    const signal = AbortSignal.timeout(ASK_LIMIT_MS);
    const signIn = async (): Promise<UsableToken> => {
      const { expiresInMs, ...token } = await ask(signal);
      return { ...token, until: new Date(clock().getTime() + expiresInMs * USED_SHARE) };
    };
    if (!memory) return signIn();
    return memory.obtain({ dead, signIn, signal }).catch((error: unknown) => {
      if (error instanceof PlatformFault || !signal.aborted) throw error;
      throw new PlatformFault(networkFault(error, 'unsent'), error);
    });
  };
  const isUsable = (token: UsableToken | undefined): token is UsableToken =>
    token !== undefined &&
    clock() < token.until &&
    (token.certificate === undefined || token.certificate === certificate?.());

  return {
    get: () => {
      if (isUsable(current)) return Promise.resolve(current);
      asking ??= obtain()
        .then((token) => {
          current = token;
          return token;
        })
        .finally(() => {
          asking = undefined;
        });
      return asking;
    },
    isThere: () => isUsable(current),
    refused: (value) => {
      if (current?.value !== value) return;
      current = undefined;
      dead = value;
    },
  };
};

/**
 * How much? Every limited root field of an operation needs a place in each of its budgets; all are taken in one atomic
 * step, or none. After the answer, what was refused inside, or has no answer, leaves the targets' budgets: a stranger who
 * knocks at a door uses up nothing of its owner's, and is locked out when there are too many such knocks.
 */
import { HouseError } from '@house/kernel/errors';
import type { Log } from '@house/kernel/telemetry';
import type { GraphQLError, GraphQLField } from 'graphql';
import { argumentsOf } from '../authorize/authorize.ts';
import { collectFields, type Operation } from '../operation.ts';
import { refuseOperation } from '../refusal.ts';
import type { Counter, Taken } from './counter.ts';
import type { LimitMetrics } from './limit-metrics.ts';
import type { LimitedField, LimitedFields } from './limited-fields.ts';
import type { Locked, Lockouts } from './lockouts.ts';
import { digestOf, type PlaceOfUse, placesOf, together } from './places.ts';
import { createStoreWatch } from './store-watch.ts';

type Use = {
  /** In the answer. */
  readonly name: string;
  readonly field: GraphQLField<unknown, unknown>;
  readonly args: Readonly<Record<string, unknown>>;
  readonly limited: LimitedField;
  readonly places: readonly PlaceOfUse[];
  /** Who guesses here, where guesses are counted. */
  readonly guesser: Locked | undefined;
};

/** Codes that a payload was refused with, by the field's name in the answer; none: it was done; no entry: no answer. */
export type Refusals = ReadonlyMap<string, readonly string[]>;

type Refused = { readonly use: Use; readonly error: HouseError };

export type Limiter = {
  /** @returns one error for each field that has no place, is locked, or cannot be counted now; none: all places are taken. */
  take(operation: Operation, fields: LimitedFields): Promise<readonly GraphQLError[]>;
  /** Told of what the answer refused, for every operation whose places were taken. It never rejects. */
  settle(operation: Operation, refusals: Refusals): Promise<void>;
};

const usesOf = (operation: Operation, fields: LimitedFields): readonly Use[] => {
  const { rootType: type, principal } = operation;
  return [...collectFields(operation, type, [operation.definition.selectionSet])].flatMap(([name, [node]]) => {
    const field = type.getFields()[node.name.value];
    const limited = field && fields.of(type.name, field.name);
    if (!field || !limited) return [];
    const { coordinate, policy } = limited;
    const args = argumentsOf(operation, field, node);
    const key = digestOf('guesses', coordinate, principal.subject);
    const guesser = policy.lockout && { ...policy.lockout, key };
    return { name, field, args, limited, guesser, places: placesOf({ coordinate, policy, principal, args }) };
  });
};

const rateLimited = (waitMs: number): HouseError =>
  new HouseError('RATE_LIMITED', { retryAfterSeconds: Math.ceil(waitMs / 1_000) });

/**
 * Nothing but what was typed is wrong, which whoever typed it could have known: it tells of nothing that is there, so that no
 * free try is a guess. Where a policy counts it as one it is no mistake.
 */
const isMistake = ({ limited: { policy } }: Use, codes: readonly string[]): boolean =>
  codes.length > 0 &&
  codes.every((code) => code === 'BAD_USER_INPUT') &&
  !policy.lockout?.codes.includes('BAD_USER_INPUT');

const isDefined = <T>(value: T | undefined): value is T => value !== undefined;

const toErrors = (refused: readonly Refused[]): readonly GraphQLError[] => {
  // The request passes when the last of its fields does.
  const retryAfterSeconds = Math.max(0, ...refused.map(({ error }) => error.retryAfterSeconds ?? 0));
  return refused.map(({ use, error }) => refuseOperation(error, [use.name], retryAfterSeconds));
};

export const createLimiter = ({
  counter,
  lockouts,
  metrics,
  log,
}: {
  counter: Counter;
  lockouts: Lockouts;
  metrics: LimitMetrics;
  log: Log;
}): Limiter => {
  const underWay = new WeakMap<Operation, { readonly uses: readonly Use[]; readonly taken: Taken }>();

  const watch = createStoreWatch('lockouts', log);

  const unknown = (uses: readonly Use[], error: unknown, { traceId }: Operation): readonly Refused[] => {
    log.error('limit-failed', { traceId, error });
    for (const { limited } of uses) metrics.decided(limited.coordinate, 'unknown');
    return uses.map((use) => ({ use, error: new HouseError('SERVICE_UNAVAILABLE', { cause: error }) }));
  };

  const askLocks = async (uses: readonly Use[], operation: Operation): Promise<readonly Refused[]> => {
    const guessers = uses.map(({ guesser }) => guesser).filter(isDefined);
    if (guessers.length === 0) return [];
    try {
      const locked = await lockouts.locked(guessers);
      watch.there();
      return uses.flatMap((use) => {
        const waitMs = use.guesser && locked.get(use.guesser.key);
        if (waitMs === undefined) return [];
        metrics.decided(use.limited.coordinate, 'locked');
        return { use, error: rateLimited(waitMs) };
      });
    } catch (error) {
      watch.away(error);
      const sensitive = uses.filter(({ limited }) => limited.policy.whenUnknown === 'refuse');
      return sensitive.length === 0 ? [] : unknown(sensitive, error, operation);
    }
  };

  const count = async (uses: readonly Use[], operation: Operation): Promise<readonly Refused[]> => {
    const places = together(uses.flatMap((use) => use.places));
    const whenUnknown = uses.some(({ limited }) => limited.policy.whenUnknown === 'refuse') ? 'refuse' : 'own';
    // The first rule that asks has all of them counted; the others are told what came of it.
    let underWayTaking: Promise<Taken> | undefined;
    const waitsByKey = async (): Promise<ReadonlyMap<string, number>> => {
      underWayTaking ??= counter.take(places, whenUnknown);
      const { waits } = await underWayTaking;
      return new Map(places.map(({ key }, index) => [key, waits[index] ?? 0]));
    };
    const waitOf = async (use: Use): Promise<number> => {
      const waits = await waitsByKey();
      return Math.max(0, ...use.places.map(({ key }) => waits.get(key) ?? 0));
    };
    const refused: Refused[] = [];
    for (const use of uses) {
      const { limited, field, args } = use;
      try {
        await limited.ask({ operation, field, args, decide: () => waitOf(use) });
      } catch (error) {
        if (!(error instanceof HouseError) || error.code !== 'RATE_LIMITED') return unknown(uses, error, operation);
        refused.push({ use, error });
      }
    }
    for (const { use } of refused) metrics.decided(use.limited.coordinate, 'refused');
    if (refused.length > 0 || !underWayTaking) return refused;
    for (const { limited } of uses) metrics.decided(limited.coordinate, 'admitted');
    underWay.set(operation, { uses, taken: await underWayTaking });
    return [];
  };

  const countGuess = async (
    { guesser, limited: { coordinate, policy } }: Use,
    codes: readonly string[],
  ): Promise<void> => {
    if (!guesser || !codes.some((code) => policy.lockout?.codes.includes(code))) return;
    metrics.guessed(coordinate);
    await lockouts.failed({ ...guesser, policy: coordinate });
  };

  /** Who mistyped pays nothing either. */
  const giveBack = async (use: Use, codes: readonly string[], taken: Taken): Promise<void> => {
    const isFree = isMistake(use, codes);
    const keys = use.places.filter(({ isOfTarget }) => isOfTarget || isFree).map(({ key }) => key);
    if (keys.length > 0) await taken.giveBack(keys);
  };

  return {
    take: async (operation, fields) => {
      const uses = usesOf(operation, fields);
      if (uses.length === 0) return [];
      // Before anything is counted: who is locked out uses up nothing.
      const locked = await askLocks(uses, operation);
      return toErrors(locked.length > 0 ? locked : await count(uses, operation));
    },
    settle: async (operation, refusals) => {
      const known = underWay.get(operation);
      underWay.delete(operation);
      if (!known) return;
      for (const use of known.uses) {
        // Without an answer nothing was guessed, since nothing was told, and who asked keeps the place used up. Counted as a
        // guess, it would lock a person out of the own door whose house is slow.
        const codes = refusals.get(use.name) ?? [];
        if (codes.length === 0 && refusals.has(use.name)) continue;
        const settled = await Promise.allSettled([countGuess(use, codes), giveBack(use, codes, known.taken)]);
        for (const one of settled)
          if (one.status === 'rejected')
            log.error('limit-not-settled', { traceId: operation.traceId, error: one.reason });
      }
    },
  };
};

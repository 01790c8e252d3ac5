import type { ErrorCode } from '@house/kernel/errors';
import type { Outcome } from '@house/kernel/outbox';
import { z } from 'zod';
import { contractBroken, jsonOf } from '../client.ts';
import { faultOf, PlatformFault } from '../faults.ts';
import type { V2Session } from './session.ts';

const operation = z.object({
  id: z.string(),
  state: z.enum(['accepted', 'running', 'succeeded', 'failed', 'expired', 'cancelled']),
  result: z.record(z.string(), z.unknown()).nullish(),
  problem: z.object({ type: z.string(), status: z.number().optional() }).nullish(),
});

export type OperationState = {
  outcome: Outcome;
  result: Readonly<Record<string, unknown>>;
  /** Why it failed, in the platform's words (RFC 9457). */
  problem: string | undefined;
};

/**
 * What the platform's operation says. A failed one says that nothing came of it.
 * @throws PlatformFault when the body is not an operation.
 */
export const operationState = (body: unknown): OperationState => {
  const parsed = operation.safeParse(body);
  if (!parsed.success) throw contractBroken(parsed.error);
  const { id, state, result, problem } = parsed.data;
  const slug = problem?.type.split('/').at(-1);
  const failureCode = (): ErrorCode => (problem ? faultOf(problem.status ?? 400, slug).code : 'REFUSED_BY_PLATFORM');
  const outcome = ((): Outcome => {
    switch (state) {
      case 'accepted':
      case 'running':
        return { is: 'pending', ref: id };
      case 'succeeded':
        return { is: 'succeeded' };
      case 'failed':
        return { is: 'failed', code: failureCode() };
      case 'expired':
        return { is: 'not-taken', code: 'DEADLINE_PASSED', repeatable: false };
      case 'cancelled':
        // For good: the same key would be answered with the same operation.
        return { is: 'failed', code: 'REFUSED_BY_PLATFORM' };
    }
  })();
  return { outcome, result: result ?? {}, problem: slug };
};

/**
 * What it says of an open. A platform whose device did not answer in time calls that a failure too, but does not know what
 * the door did, and nothing more will come of it.
 */
export const openOutcomeOf = ({ outcome, problem }: OperationState): Outcome =>
  outcome.is === 'failed' && problem !== undefined && faultOf(400, problem).effect === 'possible'
    ? { is: 'ambiguous', next: 'nothing' }
    : outcome;

export const isNotFound = (error: unknown): boolean => error instanceof PlatformFault && error.fault.status === 404;

/** An order that was handed over: by the platform's own name of it, where it told us one, and by the key. */
type HandedOver = { key: string; operationRef: string | null; siteId: number };

/**
 * What the platform says of it now; undefined: it knows nothing of it, which means what `SitePromises` says.
 * @throws PlatformFault
 */
export const askOperation = async (
  session: V2Session,
  { key, operationRef, siteId }: HandedOver,
  signal: AbortSignal,
): Promise<OperationState | undefined> => {
  const ask = async (path: string, route: string): Promise<OperationState | undefined> => {
    try {
      return operationState(jsonOf(await session.call({ method: 'GET', path, route, siteId, signal })));
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  };
  const byRef = operationRef && (await ask(`/operations/${encodeURIComponent(operationRef)}`, '/operations/{id}'));
  return byRef || ask(`/operations/by-key/${encodeURIComponent(key)}`, '/operations/by-key/{key}');
};

/**
 * What a site keeps of the contract (docs/delivery.md). Keys: what is asked twice is done once, and its key tells.
 * Deadlines: nothing is done after its own. Whoever says nothing of it promises neither.
 */
export type SitePromises = { keys: boolean; deadlines: boolean };

const site = z.object({ features: z.array(z.string()) });

/**
 * Asked anew each time: only where an answer was lost does anything hang on it, and then on what is true now.
 * @returns undefined when this version does not serve the site any more.
 * @throws PlatformFault
 */
export const readPromises = async (
  session: V2Session,
  siteId: number,
  signal: AbortSignal,
): Promise<SitePromises | undefined> => {
  try {
    const answer = await session.call({
      method: 'GET',
      path: `/sites/${siteId}`,
      route: '/sites/{id}',
      siteId,
      signal,
    });
    const parsed = site.safeParse(jsonOf(answer));
    if (!parsed.success) throw contractBroken(parsed.error);
    const { features } = parsed.data;
    return { keys: features.includes('operations.keys'), deadlines: features.includes('operations.deadlines') };
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
};

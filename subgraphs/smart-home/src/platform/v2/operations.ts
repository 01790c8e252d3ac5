import type { ErrorCode } from '@house/kernel/errors';
import type { Outcome } from '@house/kernel/outbox';
import { z } from 'zod';
import { contractBroken } from '../client.ts';
import { faultOf } from '../faults.ts';

const operation = z.object({
  id: z.string(),
  state: z.enum(['accepted', 'running', 'succeeded', 'failed', 'expired', 'cancelled']),
  result: z.record(z.string(), z.unknown()).nullish(),
  problem: z.object({ type: z.string(), status: z.number().optional() }).nullish(),
});

/** A failed operation of the platform in our codes; it says itself that nothing happened. */
const failureCode = (problem: { type: string; status?: number | undefined } | null | undefined): ErrorCode =>
  problem ? faultOf(problem.status ?? 400, problem.type.split('/').at(-1)).code : 'REFUSED_BY_PLATFORM';

/**
 * What the platform's operation says.
 * @throws PlatformFault when the body is not an operation.
 */
export const operationOutcome = (body: unknown): { outcome: Outcome; result: Readonly<Record<string, unknown>> } => {
  const parsed = operation.safeParse(body);
  if (!parsed.success) throw contractBroken(parsed.error);
  const { state, result, problem } = parsed.data;
  const outcome = ((): Outcome => {
    switch (state) {
      case 'accepted':
      case 'running':
        return { is: 'pending' };
      case 'succeeded':
        return { is: 'succeeded' };
      case 'failed':
        return { is: 'failed', code: failureCode(problem) };
      case 'expired':
        return { is: 'not-taken', code: 'DEADLINE_PASSED', repeatable: false };
      case 'cancelled':
        // For good: the same key would be answered with the same operation.
        return { is: 'failed', code: 'REFUSED_BY_PLATFORM' };
    }
  })();
  return { outcome, result: result ?? {} };
};

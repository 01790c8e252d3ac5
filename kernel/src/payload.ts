/** Refusals of a mutation as data: what a person can act on stands in the payload, everything else at the top. */
import { type ErrorCode, HouseError, toUserError, type UserError } from './errors.ts';

/** What no other input would change: it stays a top-level error. */
const FAULTS: ReadonlySet<ErrorCode> = new Set([
  'INTERNAL',
  'SERVICE_UNAVAILABLE',
  'UNAUTHENTICATED',
  'FORBIDDEN',
  'REASON_REQUIRED',
  'STEP_UP_REQUIRED',
  'DEADLINE_EXCEEDED',
  'PLATFORM_CONTRACT_BROKEN',
]);

/** Runs a use case. A refusal that a person can act on becomes data, with `nothing` in the place of the result. */
export const payload = async <T extends object>(
  work: () => Promise<T>,
  nothing: T,
): Promise<T & { errors: UserError[] }> => {
  try {
    return { ...(await work()), errors: [] };
  } catch (error) {
    if (error instanceof HouseError && !FAULTS.has(error.code)) return { ...nothing, errors: [toUserError(error)] };
    throw error;
  }
};

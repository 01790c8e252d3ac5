/** How much: bytes and syntax, what one document may ask for, and how often one principal may use a field. */
export { accept } from './accept.ts';
export { ADMIT_LIMITS, admit } from './admit.ts';
export type { Counter } from './counter.ts';
export { DOCUMENT_LIMITS, limitDocument } from './document-limits.ts';
export { createEmbeddedCounter } from './embedded-counter.ts';
export { DEFAULT_LIMITS, type LimitPolicies, parseLimits } from './policies.ts';
export { createRedisCounter } from './redis-counter.ts';
export { deadlineOf, inTime } from './request-time.ts';
export { refuseMisleadingNames } from './response-names.ts';
export { createSharedCounter } from './shared-counter.ts';
export { createLimitGuards, takePlaces } from './take-places.ts';
export { resolveDocument } from './trusted-documents.ts';

/** How much: bytes and syntax, what one document may ask for, and how often a field may be used, by whom and on what. */
export { accept } from './accept.ts';
export { ADMIT_LIMITS, admit } from './admit.ts';
export { createCounters } from './create-counter.ts';
export { DOCUMENT_LIMITS, limitDocument } from './document-limits.ts';
export { createLimitMetrics } from './limit-metrics.ts';
export { createLimitedFields, type LimitedFields } from './limited-fields.ts';
export { createLockouts } from './lockouts.ts';
export { parseLimits } from './policies.ts';
export type { LimitPolicies } from './policy.ts';
export { deadlineOf, inTime } from './request-time.ts';
export { type DocumentMode, NO_DOCUMENTS, resolveDocument } from './resolve-document.ts';
export { refuseMisleadingNames } from './response-names.ts';
export { DEFAULT_LIMITS } from './shipped-policies.ts';
export { slowGuesses, TOKEN_GUESSES } from './slow-guesses.ts';
export { createLimiter } from './take-places.ts';
export { readTrustedDocuments, watchTrustedDocuments } from './trusted-documents.ts';

/**
 * Ids of what the platform makes. They are unpredictable and never come twice, not even across resets: an operation
 * that a client remembers from before a reset must be unknown, not somebody else's.
 */
import { randomBytes } from 'node:crypto';

export const createId = (prefix: string): string => `${prefix}_${randomBytes(8).toString('hex')}`;

export const createSecret = (): string => randomBytes(24).toString('base64url');

/** As in a problem's `traceId` and in `traceparent`. */
export const createTraceId = (): string => randomBytes(16).toString('hex');

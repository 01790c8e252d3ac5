import type { Log } from '@house/kernel/telemetry';

const toError = (message: unknown): Error => (message instanceof Error ? message : new Error(String(message)));

/** What Apollo's packages say, into our log: what they think worth a warning, with the wording as an error's message. */
export const toApolloLogger = (log: Log) => ({
  debug: (): void => undefined,
  info: (): void => undefined,
  warn: (message?: unknown): void => log.warn('apollo', { error: toError(message) }),
  error: (message?: unknown): void => log.error('apollo', { error: toError(message) }),
});

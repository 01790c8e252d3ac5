/**
 * Logs and metrics without personal data: a log line is an event name and fields from a closed list.
 * A field that is not on the list is dropped, so that a name, a plate or a token cannot slip in by accident.
 */
import pino from 'pino';
import { Registry } from 'prom-client';
import { HouseError } from './errors.ts';

/** Everything that a log line may carry. None of it identifies a person. */
export type LogFields = Partial<{
  traceId: string;
  /** An error of the catalogue, or a short technical word. */
  code: string;
  /** The inside story of a failure; its message and stack are kept, no other property is. */
  error: unknown;
  method: string;
  route: string;
  status: number;
  durationMs: number;
  operationId: string;
  kind: string;
  state: string;
  attempts: number;
  retryInMs: number;
  siteId: number;
  resource: string;
  apiVersion: string;
  sunset: string;
  address: string;
  signal: string;
  step: string;
  count: number;
  driver: string;
  version: string;
  reason: string;
  /** The id of an API key, which is no secret, and the machine client that it was given to. */
  keyId: string;
  client: string;
}>;

const ALLOWED: ReadonlySet<string> = new Set<keyof LogFields>([
  'traceId',
  'code',
  'error',
  'method',
  'route',
  'status',
  'durationMs',
  'operationId',
  'kind',
  'state',
  'attempts',
  'retryInMs',
  'siteId',
  'resource',
  'apiVersion',
  'sunset',
  'address',
  'signal',
  'step',
  'count',
  'driver',
  'version',
  'reason',
  'keyId',
  'client',
]);

export type Log = {
  debug(event: string, fields?: LogFields): void;
  info(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  error(event: string, fields?: LogFields): void;
};

export type Telemetry = { readonly log: Log; readonly registry: Registry };

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

type Described = { name: string; message: string; code?: string; stack?: string; cause?: Described };

const MESSAGE_LIMIT = 1_000;

/** Where the words of V8 and graphql-js repeat the value that they could not use. */
const REPEATED_VALUES: readonly (readonly [RegExp, string])[] = [
  [/^.* is not valid JSON$/s, 'not valid JSON'],
  [/(cannot represent [^:]{0,60}: |got invalid value |but got: |with value |, found |^Value ).*$/s, '$1…'],
];
/** SQLSTATE class 22, data exception: the value stands in quotation marks. */
const DATA_EXCEPTION = /^22[0-9A-Z]{3}$/;

/** A message without the value that a library repeats in it: that may be anybody's name or plate. */
const wordsOf = (message: string, code: unknown): string => {
  const short = message.length > MESSAGE_LIMIT ? `${message.slice(0, MESSAGE_LIMIT)}…` : message;
  const words = REPEATED_VALUES.reduce((text, [pattern, instead]) => text.replace(pattern, instead), short);
  return typeof code === 'string' && DATA_EXCEPTION.test(code) ? words.replace(/".*"?/s, '…') : words;
};

/** Name, message and stack of an error and of its causes, at most four deep. */
const describe = (error: unknown, depth = 0): Described => {
  if (!(error instanceof Error)) return { name: typeof error, message: 'not an error' };
  const { name, message, stack, cause } = error;
  const code = error instanceof HouseError ? error.code : (error as { code?: unknown }).code;
  const words = wordsOf(message, code);
  const described: Described = { name, message: words };
  if (typeof code === 'string') described.code = code;
  if (stack && depth === 0) described.stack = words === message ? stack : stack.replaceAll(message, () => words);
  if (cause !== undefined && depth < 3) described.cause = describe(cause, depth + 1);
  return described;
};

const allowed = (fields: LogFields): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(fields)
      .filter(([name]) => ALLOWED.has(name))
      .map(([name, value]) => [name, name === 'error' ? describe(value) : value]),
  );

/**
 * @param destination where lines go; standard error by default, so that standard output stays for people.
 */
export const createTelemetry = ({
  service,
  level,
  destination = process.stderr,
}: {
  service: string;
  level: LogLevel;
  destination?: { write(line: string): unknown };
}): Telemetry => {
  const sink = pino(
    { base: { service }, level, timestamp: pino.stdTimeFunctions.isoTime },
    { write: (line: string) => void destination.write(line) },
  );
  const at =
    (name: 'debug' | 'info' | 'warn' | 'error') =>
    (event: string, fields: LogFields = {}) =>
      sink[name](allowed(fields), event);
  return {
    log: { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') },
    registry: new Registry(),
  };
};

/** Configuration is read once, at the edge, and every problem is reported together. */
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import type { Reason } from './config/production.ts';

export {
  DEVELOPMENT_AUTHORITY,
  DEVELOPMENT_KEY_MARK,
  DEVELOPMENT_ROOT_MARK,
  expectElsewhere,
  expectHttps,
  expectNotOfDevelopment,
  expectOwnTls,
  expectRandomRoot,
  expectRedisByTls,
  expectVerifiedPostgres,
  type Reason,
} from './config/production.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** A value that never shows itself: printed, logged or serialised it is `[secret]`. */
export class Secret {
  readonly #value: string;
  constructor(value: string) {
    this.#value = value;
  }
  /** The value itself; call it only where it is used. */
  reveal(): string {
    return this.#value;
  }
  toString(): string {
    return '[secret]';
  }
  toJSON(): string {
    return '[secret]';
  }
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return '[secret]';
  }
}

/** Thrown with one message that lists every bad variable and what it expects. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** The configuration of a process; one that cannot be used ends the process with the words alone, and exit code 1. */
export const readOrExit = <T>(read: () => T): T => {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return process.exit(1);
  }
};

export type Config<Shape extends z.ZodRawShape> = z.output<z.ZodObject<Shape>>;

/**
 * Reads `environment` by `shape`. An empty variable counts as unset.
 * @param reasonsAgainst what stands against values that can be read: it is given those, and what all variables of the shape
 *   were given as. What it says of one that cannot be read is left out.
 * @throws ConfigError that names all problems at once.
 */
export const parseConfig = <Shape extends z.ZodRawShape>(
  environment: Environment,
  shape: Shape,
  reasonsAgainst: (known: Partial<Config<Shape>>, given: Environment) => readonly Reason[] = () => [],
): Config<Shape> => {
  const given: Environment = Object.fromEntries(
    Object.keys(shape).map((name) => [name, environment[name] || undefined]),
  );
  const parsed = Object.entries(shape).map(([name, type]) => ({ name, ...z.safeParse(type, given[name]) }));
  const known = Object.fromEntries(parsed.flatMap(({ name, success, data }) => (success ? [[name, data]] : [])));
  const unreadable = parsed.flatMap(({ name, error }): Reason[] =>
    (error?.issues ?? []).map(({ message }) => [name, message]),
  );
  const reasons = reasonsAgainst(known as Partial<Config<Shape>>, given).filter(
    ([name]) => !unreadable.some(([other]) => other === name),
  );
  const problems = [...unreadable, ...reasons].map(([name, expected]) => `  ${name}: ${expected}`);
  if (problems.length > 0) throw new ConfigError(`The configuration cannot be used:\n${problems.join('\n')}`);
  return known as Config<Shape>;
};

/** A TCP port; 0 lets the system choose. */
export const port = (fallback: number) =>
  z.coerce.number('a port number from 0 to 65535').int().min(0).max(65_535).default(fallback);
export const milliseconds = (fallback: number) =>
  z.coerce.number('a number of milliseconds').int().min(0).default(fallback);
export const url = () => z.url('an absolute URL').transform((value) => value.replace(/\/+$/, ''));
export const secret = () =>
  z
    .string('a secret')
    .min(1)
    .transform((value) => new Secret(value));
/** The path of a readable file; its content is the value. */
export const fileContent = () =>
  z.string('the path of a readable file').transform((path, context) => {
    try {
      return readFileSync(path, 'utf8');
    } catch {
      context.addIssue({ code: 'custom', message: `a readable file, but ${path} cannot be read` });
      return z.NEVER;
    }
  });

/** 32 random bytes in base64. */
export const rootKey = () =>
  secret().transform((value, context) => {
    const bytes = Buffer.from(value.reveal(), 'base64');
    if (bytes.length === 32) return bytes;
    context.addIssue({ code: 'custom', message: '32 bytes in base64' });
    return z.NEVER;
  });

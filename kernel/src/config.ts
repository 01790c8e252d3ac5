/** Configuration is read once, at the edge, and every problem is reported together. */
import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { z } from 'zod';

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

/**
 * Reads `environment` by `shape`. An empty variable counts as unset.
 * @throws ConfigError that names all problems at once.
 */
export const parseConfig = <Shape extends z.ZodRawShape>(
  environment: Environment,
  shape: Shape,
): z.output<z.ZodObject<Shape>> => {
  const given = Object.fromEntries(Object.keys(shape).map((name) => [name, environment[name] || undefined]));
  const parsed = z.object(shape).safeParse(given);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => `  ${issue.path.join('.')}: ${issue.message}`);
  throw new ConfigError(`The configuration cannot be used:\n${problems.join('\n')}`);
};

/** A TCP port; 0 lets the system choose. */
export const port = (fallback: number) =>
  z.coerce.number('a port number from 0 to 65535').int().min(0).max(65_535).default(fallback);
export const milliseconds = (fallback: number) =>
  z.coerce.number('a number of milliseconds').int().min(0).default(fallback);
export const url = () => z.url('an absolute URL').transform((value) => value.replace(/\/+$/, ''));
export const secret = () =>
  z
    .string()
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

const pem = (read: (text: string) => KeyObject, expected: string) =>
  fileContent().transform((text, context) => {
    try {
      return read(text);
    } catch {
      context.addIssue({ code: 'custom', message: expected });
      return z.NEVER;
    }
  });
/** The path of a PEM file with a private key of this service. */
export const privateKey = () => pem(createPrivateKey, 'a file with a private key in PEM');
/** The path of a PEM file with the public key of another of our services. */
export const publicKey = () => pem(createPublicKey, 'a file with a public key in PEM');

/** 32 random bytes in base64. */
export const rootKey = () =>
  secret().transform((value, context) => {
    const bytes = Buffer.from(value.reveal(), 'base64');
    if (bytes.length === 32) return bytes;
    context.addIssue({ code: 'custom', message: '32 bytes in base64' });
    return z.NEVER;
  });

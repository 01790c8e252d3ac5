/** What the control plane takes: each body closed, so that a misspelt member is an error and not a surprise. */
import { z } from 'zod';
import { FAULT_KINDS } from '../faults.ts';
import { QUIRKS } from '../quirks.ts';
import { RESOURCES } from '../world.ts';

const version = z.enum(['v1', 'v2']);
const milliseconds = z
  .int()
  .min(0)
  .max(24 * 60 * 60 * 1000);
const siteId = z.int().min(1);
const instant = z.iso.datetime({ offset: true }).transform((text) => new Date(text));

export const resetBody = z.strictObject({ seed: z.int().optional() });

export const faultBody = z.strictObject({
  match: z
    .strictObject({
      method: z.string().optional(),
      path: z.string().optional(),
      apiVersion: version.optional(),
      siteId: siteId.optional(),
    })
    .default({}),
  kind: z.enum(FAULT_KINDS),
  probability: z.number().min(0).max(1).optional(),
  times: z.int().min(1).optional(),
  ms: milliseconds.optional(),
  retryAfterSeconds: z.int().min(0).optional(),
});

export const outageBody = z.strictObject({
  siteId: siteId.optional(),
  on: z.boolean(),
  mode: z.enum(['hang', 'refuse']).default('hang'),
});

export const freezeBody = z.strictObject({ ms: milliseconds });

/** The server's certificate, or the key by which answers are signed: the next one of either was published before. */
export const rotateBody = z.strictObject({ what: z.enum(['tls', 'signing']) });

export const versionBody = z.strictObject({ siteId, resource: z.enum(RESOURCES).optional(), version });

export const deprecateBody = z
  .strictObject({ version: z.literal('v1'), at: instant, sunset: instant })
  .refine(({ at, sunset }) => sunset >= at, { error: 'sunset is not before at (RFC 8594)', path: ['sunset'] });

export const quirkBody = z.strictObject({ name: z.enum(QUIRKS), on: z.boolean() });

export const deviceBody = z.strictObject({
  connectivity: z.enum(['online', 'offline', 'unknown']).optional(),
  jammed: z.boolean().optional(),
  busy: z.boolean().optional(),
  lockedDown: z.boolean().optional(),
});

export const platesBody = z.strictObject({ plates: z.array(z.string().regex(/^\P{Cc}{1,32}$/u)).max(100) });

/**
 * Told to subscribers `duplicate` times more under the same id, with `reorder` after the next one; with `forge` it has not
 * happened and is signed by nobody.
 */
export const eventBody = z.strictObject({
  type: z.string().regex(/^[a-z_]+\.[a-z_]+$/),
  siteId,
  data: z.record(z.string(), z.unknown()).default({}),
  duplicate: z.int().min(0).max(100).optional(),
  reorder: z.boolean().optional(),
  forge: z.boolean().optional(),
});

export const profileBody = z.strictObject({ siteId: siteId.optional(), profile: z.enum(['A', 'B', 'C']) });

/** Of the path `?limit=`. */
export const limitQuery = z.coerce.number().int().min(0).max(10_000).optional();

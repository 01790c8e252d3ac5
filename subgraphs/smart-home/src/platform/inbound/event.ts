/** What the platform tells, as contract §5.6 writes it. */
import { z } from 'zod';

const TYPES = [
  'access_point.opened',
  'access_point.denied',
  'access_point.forced',
  'access_point.held_open',
  'access_point.online',
  'access_point.offline',
  'operation.updated',
  'pass.provisioned',
  'pass.used',
  'pass.invalid_attempt',
  'pass.revoked',
  'vehicle.recognised',
  'vehicle.provisioned',
  'vehicle.denied',
  'face.enrolled',
  'face.rejected',
  'face.erased',
  'call.started',
  'call.answered',
  'call.ended',
  'meter.reading',
  'sensor.alarm',
  'sensor.cleared',
  'emergency.changed',
  'site.version_changed',
] as const;

/** What is in `data` is read by whoever needs it. */
const event = z.strictObject({
  id: z.string().min(1).max(200),
  type: z.enum(TYPES),
  apiVersion: z.iso.date(),
  siteId: z.int().min(1).max(2_147_483_647),
  occurredAt: z.iso.datetime({ offset: true }).transform((text) => new Date(text)),
  sequence: z.int().min(1),
  data: z.record(z.string(), z.unknown()),
});
export type PlatformEvent = z.output<typeof event>;

/** What is kept of an event whatever else it says: without it, its sequence would be waited for as one that is missing. */
const trace = z.object({
  type: z
    .string()
    .regex(/^[\w.-]{1,100}$/)
    .catch('unknown'),
  siteId: event.shape.siteId,
  occurredAt: event.shape.occurredAt.nullable().catch(null),
  sequence: event.shape.sequence,
});
/** An event that the contract does not know; `id` is that of its delivery. */
export type UnknownEvent = z.output<typeof trace> & { id: string; isUnknown: true };

const challenge = z.strictObject({
  type: z.literal('subscription.challenge'),
  subscriptionId: z.string(),
  challenge: z.string().regex(/^[A-Za-z0-9_-]{22,128}$/),
});
export type Challenge = z.output<typeof challenge>;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export type ParsedDelivery = PlatformEvent | UnknownEvent | Challenge;

/** @param id of the delivery, which is the event's own. Undefined for what is no event and no challenge. */
export const parseDelivery = (body: Uint8Array, id: string): ParsedDelivery | undefined => {
  let content: unknown;
  try {
    content = JSON.parse(utf8.decode(body));
  } catch {
    return undefined;
  }
  const asked = challenge.safeParse(content);
  if (asked.success) return asked.data;
  const told = event.safeParse(content);
  if (told.success && told.data.id === id) return told.data;
  const traced = trace.safeParse(content);
  return traced.success ? { ...traced.data, id, isUnknown: true } : undefined;
};

export const isChallenge = (delivery: ParsedDelivery): delivery is Challenge => 'challenge' in delivery;
export const isUnknown = (delivery: ParsedDelivery): delivery is UnknownEvent => 'isUnknown' in delivery;

const operation = z.object({ key: z.string() });

/** The key under which we gave the order that an event tells of. */
export const orderKeyOf = ({ type, data }: PlatformEvent): string | undefined =>
  type === 'operation.updated' ? operation.safeParse(data).data?.key : undefined;

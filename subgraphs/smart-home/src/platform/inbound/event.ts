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

const challenge = z.strictObject({
  type: z.literal('subscription.challenge'),
  subscriptionId: z.string(),
  challenge: z.string().regex(/^[A-Za-z0-9_-]{22,128}$/),
});
export type Challenge = z.output<typeof challenge>;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** @param id of the delivery, which is the event's own. Undefined for what the contract does not know. */
export const parseDelivery = (body: Uint8Array, id: string): PlatformEvent | Challenge | undefined => {
  let content: unknown;
  try {
    content = JSON.parse(utf8.decode(body));
  } catch {
    return undefined;
  }
  const asked = challenge.safeParse(content);
  if (asked.success) return asked.data;
  const told = event.safeParse(content);
  return told.success && told.data.id === id ? told.data : undefined;
};

export const isChallenge = (delivery: PlatformEvent | Challenge): delivery is Challenge => 'challenge' in delivery;

const operation = z.object({ key: z.string() });

/** The key under which we gave the order that an event tells of. */
export const orderKeyOf = ({ type, data }: PlatformEvent): string | undefined =>
  type === 'operation.updated' ? operation.safeParse(data).data?.key : undefined;

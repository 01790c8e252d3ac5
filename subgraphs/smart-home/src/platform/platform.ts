/**
 * The external platform in our words. Nobody outside this folder knows that it speaks REST, in two versions at once:
 * `access(site)` and `vehicles(site)` answer with whichever version serves that site and that resource now.
 */
import type { Outcome } from '@house/kernel/outbox';
import type { Deadline } from '@house/kernel/subgraph';
import type { WebhookSubscriptions } from './v2/webhook-subscriptions.ts';

/** The platform's names of one place, in both versions. */
export type Unit = { siteId: number; unitId: string; flatId: number };

export type AccessPointKind = 'ENTRANCE' | 'WICKET' | 'GATE' | 'BARRIER' | 'ELEVATOR' | 'APARTMENT_DOOR' | 'PARKING';
export type Actuation = 'MOMENTARY' | 'TOGGLE' | 'LATCHED';
export type Connectivity = 'ONLINE' | 'OFFLINE' | 'UNKNOWN';
export type OpenMethod =
  | 'APP'
  | 'PIN'
  | 'QR'
  | 'GUEST_LINK'
  | 'FACE'
  | 'PLATE'
  | 'RFID'
  | 'CALL'
  | 'CONCIERGE'
  | 'SCENARIO';

/** The platform's names of one access point: `v2` is missing while only the first version has been seen, and the reverse. */
export type AccessPointRef = { v2?: string; v1?: { domophoneId: number; doorId: number } };

export type AccessPointState = {
  ref: AccessPointRef;
  kind: AccessPointKind;
  name: string;
  actuation: Actuation;
  /** For how long one pulse keeps it open, where the platform says so. */
  holdMs?: number;
  connectivity: Connectivity;
  /** When the platform itself learnt it; null when it does not say. */
  asOf: Date | null;
  blockedReason: string | null;
  allowedMethods: OpenMethod[];
};

export type OpenOrder = {
  /** The idempotency key towards the platform. */
  key: string;
  unit: Unit;
  accessPoint: AccessPointRef;
  actuation: Actuation;
  subjectRef: string;
  /** The platform must not act after it. */
  notAfter: Date;
  /** How often it was handed over before, this time included. */
  attempts: number;
  /** When it was last handed over. */
  sentAt: Date;
  /** The platform's own name of what it makes of it, once it has told us. */
  operationRef: string | null;
  /** What else of ours may have opened the point for the unit, from when until when; null: it still may. */
  others(): Promise<readonly { from: Date; until: Date | null }[]>;
};

export type Access = {
  readonly version: PlatformVersion;
  /** What a unit reaches, entrance first. */
  accessPoints(unit: Unit, signal: AbortSignal): Promise<AccessPointState[]>;
  /** `ref` of a pending outcome is the order's `operationRef` from then on. */
  open(order: OpenOrder, signal: AbortSignal): Promise<Outcome>;
  /** What became of an open whose answer was lost or is still due. */
  outcome(order: OpenOrder, signal: AbortSignal): Promise<Outcome>;
  /** Ends what the person may do for the unit; repeating it changes nothing. */
  removeSubject(subject: { unit: Unit; subjectRef: string }, signal: AbortSignal): Promise<Outcome>;
};

export type PlateOrder = {
  key: string;
  /** When it was last handed over. */
  sentAt: Date;
  /** The platform's own name of what it makes of it, once it has told us. */
  operationRef: string | null;
  unit: Unit;
  plate: { country: string; canonical: string };
  accessPoints: readonly AccessPointRef[];
  /** They are all that a vehicle can pass. */
  everywhere: boolean;
  validFrom: Date;
  validUntil: Date | null;
  autoOpen: boolean;
  /** The platform's own name of the permit, where it has one and we know it. */
  platformRef: string | null;
  /** Handed over once more, and so within the budget for repeats; what safety demands never is. */
  isRepeat: boolean;
  /** Without a name: whether the platform may have the plate from us, told by an earlier command or attempt. */
  told: boolean;
  /**
   * The platform's names of other people's permits for the same plate in the same unit; null for one that it has not
   * named. They are never touched, and a list that knows no permits keeps the line for them.
   */
  others: readonly (string | null)[];
};

/**
 * `isOfPlate`: the refusal may be about the plate itself. `isUnanswered`: it may be sent again, because nobody answered, and
 * not because nothing is known of it.
 */
export type PlateOutcome = Outcome & { isOfPlate?: true; isUnanswered?: true };

export type Vehicles = {
  readonly version: PlatformVersion;
  /**
   * Adds the plate, or gives the permit that the platform already has from us the terms of the order. The result of
   * success names it as `platformRef` where the version has names.
   */
  add(order: PlateOrder, signal: AbortSignal): Promise<PlateOutcome>;
  /** What became of an `add` that the platform took or whose answer was lost. */
  added(order: PlateOrder, signal: AbortSignal): Promise<PlateOutcome>;
  remove(order: PlateOrder, signal: AbortSignal): Promise<PlateOutcome>;
  removed(order: PlateOrder, signal: AbortSignal): Promise<PlateOutcome>;
};

export type PlatformVersion = 'v1' | 'v2';
export type PlatformHealth = 'UP' | 'DEGRADED' | 'DOWN' | 'UNKNOWN';

export type Binding = {
  apiVersion: string;
  deprecatedSince: Date | null;
  sunsetAt: Date | null;
  health: PlatformHealth;
  checkedAt: Date;
};

/** What the house can do today through the version that serves the site. */
export type Capability = 'OPEN_SYNC' | 'OPEN_ASYNC' | 'PLATE_LIST' | 'PLATE_VALIDITY';

export type Platform = {
  /** @param sentBy the version by which an earlier attempt went out: only it knows what became of that. */
  access(siteId: number, sentBy?: PlatformVersion): Promise<Access>;
  vehicles(siteId: number, sentBy?: PlatformVersion): Promise<Vehicles>;
  /**
   * What a unit reaches, for a person who waits: within two seconds in all, repeated quickly where that may help. Not for
   * the delivery of commands. @throws PlatformFault
   */
  accessPoints(unit: Unit): Promise<AccessPointState[]>;
  /**
   * Whether a physical action at the site had better be refused at once, and for how long: the platform is known to be
   * down, or asked for a pause that is longer than somebody at a door can wait. Sends nothing, and leaves the next probe
   * to a request that is made anyway.
   */
  refusal(siteId: number): { retryAfterMs: number } | undefined;
  /** Never fails: when the platform cannot be asked, or does not answer until the deadline, it says so. */
  binding(siteId: number, deadline: Deadline): Promise<Binding>;
  /** @throws PlatformFault when no version is known, HouseError `DEADLINE_EXCEEDED` when none is until the deadline. */
  capabilities(siteId: number, deadline: Deadline): Promise<Capability[]>;
  /** Reads again which version serves what. @throws PlatformFault */
  renewVersions(): Promise<void>;
  /** Where it tells us by itself what has happened (inbound/inbound.ts). */
  readonly webhooks: WebhookSubscriptions;
  close(): Promise<void>;
};

export { createPlatform, type PlatformOptions } from './create-platform.ts';
export { beforeSending, outcomeOf, PlatformFault } from './faults.ts';
export { orderKeyOf, type PlatformEvent } from './inbound/event.ts';
export { createReceiveEvents, type ReceiveEvents } from './inbound/inbound.ts';
export { EVENTS_PATH } from './inbound/serve.ts';
export type { TokenMemory, UsableToken } from './token.ts';
export { parsePins } from './transport/pins.ts';
export { parseClientKey, parseSigningKeys, type TrustFiles, watchTrust } from './transport/trust.ts';

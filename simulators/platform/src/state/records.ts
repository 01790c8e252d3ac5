/**
 * What of a simulation outlives its process: one record per change, in the order of the changes.
 *
 * Devices, quirks, outages and freezes are not among them: a platform that was killed comes up with its devices well.
 */
import type { PlatformEvent } from '../event-log.ts';
import type { Fault } from '../faults.ts';
import type { Effect } from '../ledger.ts';
import type { Profile } from '../profiles.ts';
import type { Subject } from '../subjects.ts';
import type { KeptKey } from '../v2/idempotency.ts';
import type { Operation, OperationEnd } from '../v2/operations.ts';
import type { VehiclePermit } from '../vehicles.ts';
import type { Progress } from '../webhooks/progress.ts';
import type { Subscription } from '../webhooks/subscriptions.ts';
import type { SiteVersion } from '../world.ts';

export type StateRecord =
  /** When the simulation began: its seeded week ends there. */
  | { is: 'began'; at: string }
  | { is: 'effect'; effect: Effect }
  | { is: 'event'; event: PlatformEvent }
  /** A promise as it was accepted; what became of it is a record of its own. */
  | { is: 'operation'; operation: Operation }
  | { is: 'operation-ended'; id: string; end: OperationEnd }
  /** A request that was answered at once and not by a promise. */
  | { is: 'key'; key: KeptKey }
  /** All permits of a unit after a change, and which are gone since the one before. */
  | { is: 'permits'; unitId: string; permits: readonly VehiclePermit[]; gone: readonly string[] }
  | { is: 'subject'; subject: Subject }
  | { is: 'subject-removed'; unitId: string; subjectRef: string }
  | { is: 'profile'; profile: Profile; siteId: number | null }
  | { is: 'version'; version: SiteVersion }
  /** With its secrets. */
  | { is: 'webhook'; subscription: Subscription }
  | { is: 'webhook-removed'; id: string }
  /** What its subscriber has acknowledged; it may lag behind. */
  | { is: 'webhook-told'; id: string; progress: Progress }
  /** One that stays: a fault that counts its `times` is not kept. */
  | { is: 'fault'; fault: Fault }
  | { is: 'faults-removed'; id: string | null };

/** Takes what has changed, synchronously with the change. */
export type Keep = (record: StateRecord) => void;

/** What nobody may be told of before the disk has it. */
export const ON_DISK_FIRST: ReadonlySet<StateRecord['is']> = new Set(['effect', 'subject', 'subject-removed']);

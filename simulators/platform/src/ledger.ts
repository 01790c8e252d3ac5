/**
 * What really happened in the house: the oracle of exactly-once tests.
 *
 * An effect is recorded synchronously at the moment it happens, never when it was asked for. `target` is the v2 id
 * of the access point, or of the unit for a number plate, whatever version the request spoke.
 */
import type { Clock } from '@house/kernel/clock';
import type { Keep } from './state/records.ts';

export type EffectKind =
  | 'open'
  | 'pass.issue'
  | 'pass.revoke'
  | 'plate.add'
  | 'plate.remove'
  | 'face.enrol'
  | 'face.erase'
  | 'scenario.run'
  | 'meter.submit'
  | 'call.dismiss'
  | 'emergency.set';

export type ApiVersion = 'v1' | 'v2';

export type Effect = {
  /** From 1, without gaps. */
  sequence: number;
  at: string;
  kind: EffectKind;
  target: string;
  subjectRef?: string;
  idempotencyKey?: string;
  apiVersion: ApiVersion;
};

/** Who or what caused an effect; absent where the version has no word for it. */
export type Cause = { subjectRef?: string | undefined; idempotencyKey?: string | undefined; apiVersion: ApiVersion };

export type Ledger = {
  record(kind: EffectKind, target: string, cause: Cause): void;
  /** One that happened before the process began. */
  restore(effect: Effect): void;
  /** `counts` has one key `kind:target` for each pair that happened at all. */
  read(): { effects: readonly Effect[]; counts: Readonly<Record<string, number>> };
};

export const createLedger = ({ clock, keep }: { clock: Clock; keep: Keep }): Ledger => {
  const effects: Effect[] = [];
  const counts: Record<string, number> = {};
  const add = (effect: Effect): void => {
    effects.push(effect);
    const name = `${effect.kind}:${effect.target}`;
    counts[name] = (counts[name] ?? 0) + 1;
  };
  return {
    record(kind, target, { subjectRef, idempotencyKey, apiVersion }) {
      const effect = {
        sequence: effects.length + 1,
        at: clock().toISOString(),
        kind,
        target,
        ...(subjectRef === undefined ? {} : { subjectRef }),
        ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
        apiVersion,
      };
      add(effect);
      keep({ is: 'effect', effect });
    },
    restore: add,
    read: () => ({ effects, counts }),
  };
};

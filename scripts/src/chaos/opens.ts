/** Doors that are opened: at v2 as many at a time as there are clients, at v1 one at a time for each door. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Chance } from './chance.ts';
import { FINAL, type Intent } from './history.ts';
import type { Look, Send } from './load.ts';
import type { Resident } from './resident.ts';
import type { ApiVersion, FlatPoint, InhabitedFlat } from './world.ts';

const USUAL_DEADLINE_MS = 10_000;
const DEADLINES_MS = [undefined, USUAL_DEADLINE_MS, 5_000, 4_000, 3_000] as const;
/** Of accepted opens: looked at at once, and a key that is used again for something else. */
const LOOKED_AT = 0.15;
const KEY_REUSED = 0.03;
const LOOK_EVERY_MS = 300;
/** How long a client looks at an open before it lets the next one at the same door of a v1 house. */
const LOOK_LIMIT_MS = 12_000;

export type Opens = {
  /** Somebody opens something. */
  somewhere(own: Chance, apiVersion: ApiVersion): Promise<void>;
  /** Every point of the flat for that resident, once; the operations that were accepted. */
  all(flat: InhabitedFlat, resident: Resident, deadlineMs: number): Promise<string[]>;
};

export const createOpens = ({
  flats,
  send,
  look,
  chance,
  onlyToggles,
  isOver,
}: {
  flats: readonly InhabitedFlat[];
  send: Send;
  look: Look;
  chance: Chance;
  onlyToggles: boolean;
  isOver: () => boolean;
}): Opens => {
  const inUse = new Set<string>();

  /** The same key with another input is refused; an answer that is none is written down. */
  const reuseKey = async (resident: Resident, intent: Intent, input: object, deadlineMs: number): Promise<void> => {
    const other = { ...input, deadlineMs: deadlineMs + 1_000, idempotencyKey: intent.key };
    const again = await resident.sendOnce('openAccessPoint', other);
    if (again.is === 'accepted') intent.reusedAs.push(again.operationId);
  };

  /** The operation, when it was accepted. */
  const open = async (
    flat: InhabitedFlat,
    resident: Resident,
    point: FlatPoint,
    deadlineMs: number | undefined,
  ): Promise<string | undefined> => {
    const { premisesId } = flat;
    const input = { premisesId, accessPointId: point.id, ...(deadlineMs !== undefined && { deadlineMs }) };
    const { answer, intent } = await send(resident, 'openAccessPoint', { kind: 'OPEN', premisesId }, input);
    if (answer.is !== 'accepted') return undefined;
    if (chance.happens(KEY_REUSED)) await reuseKey(resident, intent, input, deadlineMs ?? USUAL_DEADLINE_MS);
    return answer.operationId;
  };

  const untilOver = async (resident: Resident, id: string): Promise<void> => {
    const limit = AbortSignal.timeout(LOOK_LIMIT_MS);
    for (let state = ''; !FINAL.has(state) && state !== 'UNKNOWN_OUTCOME' && !limit.aborted && !isOver(); ) {
      await delay(LOOK_EVERY_MS);
      state = (await look(resident, [id])).get(id) ?? '';
    }
  };

  return {
    somewhere: async (own, apiVersion) => {
      const flat = own.pick(flats.filter((one) => one.apiVersion === apiVersion));
      const { resident } = own.pick(flat.inhabitants);
      const point = own.pick(onlyToggles ? flat.points.filter(({ toggle }) => toggle) : flat.points);
      const deadlineMs = own.pick(DEADLINES_MS);
      if (apiVersion === 'v2') {
        const id = await open(flat, resident, point, deadlineMs);
        if (id !== undefined && own.happens(LOOKED_AT)) await look(resident, [id]);
        return;
      }
      // The ledger of v1 tells a point and a moment only: one open at a time tells whose pulse it was.
      if (inUse.has(point.target)) return;
      inUse.add(point.target);
      try {
        const id = await open(flat, resident, point, deadlineMs);
        if (id !== undefined) await untilOver(resident, id);
      } finally {
        inUse.delete(point.target);
      }
    },
    all: async (flat, resident, deadlineMs) => {
      const ids = await Promise.all(flat.points.map((point) => open(flat, resident, point, deadlineMs)));
      return ids.flatMap((id) => id ?? []);
    },
  };
};

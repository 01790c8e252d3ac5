/**
 * Faults on demand: which requests go wrong, and how.
 *
 * "before" means that nothing has happened in the house, "after-effect" that everything has, a door included, and
 * only the answer is lost. The newest fault that matches a request wins; without `times` it stays, without
 * `probability` it is certain.
 */
import type { Chance } from './chance.ts';
import { createId } from './ids.ts';
import type { ApiVersion } from './ledger.ts';
import type { Keep } from './state/records.ts';

export const FAULT_KINDS = [
  /** The request is read and never answered (with `ms`: the connection is reset after that time). */
  'timeout-before',
  'timeout-after-effect',
  /** The connection is reset. */
  'reset-before',
  'reset-after-effect',
  '500-before',
  '500-after-effect',
  /** Nothing has happened; `Retry-After` says `retryAfterSeconds`. */
  '503',
  '429',
  /** Nothing has happened, and yet: 200 with a sentence for a person. */
  '200-text',
  /** The request is done, but its answer is cut in the middle. */
  'junk-json',
  /** The request is done, but every answer lacks a field it promised and holds one that nobody knows. */
  'schema-drift',
  /** The request is done at once and answered after `ms`. */
  'slow',
  /** The request is on its way for `ms` longer; whatever is asked meanwhile knows nothing of it. */
  'held-up',
  /**
   * The request is done, but its answer is not as it was signed: by another key, over another body or too little, or
   * not at all. A webhook of a site that it matches carries a signature that does not verify.
   */
  'bad-signature',
] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

export type FaultMatch = {
  method?: string | undefined;
  /** A substring of the path, the query not included. */
  path?: string | undefined;
  apiVersion?: ApiVersion | undefined;
  siteId?: number | undefined;
};
export type FaultRule = {
  match: FaultMatch;
  kind: FaultKind;
  probability?: number | undefined;
  times?: number | undefined;
  ms?: number | undefined;
  retryAfterSeconds?: number | undefined;
};
export type Fault = FaultRule & { id: string };

/** What a fault looks at. A request that concerns no single site has no `siteIds`. */
export type FaultTarget = {
  method: string;
  path: string;
  apiVersion: ApiVersion | undefined;
  siteIds: readonly number[];
};

export type Faults = {
  add(rule: FaultRule): Fault;
  /** False when there is no such fault; without an id all of them go. */
  remove(id?: string): boolean;
  list(): readonly Fault[];
  /** The fault that this request meets, of that kind alone if one is named; one of its `times` is used up. */
  pick(target: FaultTarget, kind?: FaultKind): Fault | undefined;
  /** One that was added before the process began. */
  restore(fault: Fault): void;
  restoreRemoval(id?: string): void;
};

const matches = ({ method, path, apiVersion, siteId }: FaultMatch, target: FaultTarget): boolean =>
  (method === undefined || method.toUpperCase() === target.method) &&
  (path === undefined || target.path.includes(path)) &&
  (apiVersion === undefined || apiVersion === target.apiVersion) &&
  (siteId === undefined || target.siteIds.includes(siteId));

export const createFaults = ({ chance, keep }: { chance: Chance; keep: Keep }): Faults => {
  /** Newest first. */
  let faults: { fault: Fault; left: number }[] = [];
  const restore = (fault: Fault): void => void faults.unshift({ fault, left: fault.times ?? Number.POSITIVE_INFINITY });
  const restoreRemoval = (id?: string): void => {
    faults = id === undefined ? [] : faults.filter(({ fault }) => fault.id !== id);
  };
  return {
    add(rule) {
      const fault = { ...rule, id: createId('fault') };
      restore(fault);
      if (fault.times === undefined) keep({ is: 'fault', fault });
      return fault;
    },
    remove(id) {
      const before = faults.length;
      restoreRemoval(id);
      keep({ is: 'faults-removed', id: id ?? null });
      return id === undefined || faults.length < before;
    },
    restore,
    restoreRemoval,
    list: () => faults.map(({ fault }) => fault),
    pick(target, kind) {
      for (const entry of faults) {
        if (kind !== undefined && entry.fault.kind !== kind) continue;
        if (!matches(entry.fault.match, target)) continue;
        if (entry.fault.probability !== undefined && chance() >= entry.fault.probability) continue;
        entry.left -= 1;
        if (entry.left <= 0) faults = faults.filter((other) => other !== entry);
        return entry.fault;
      }
      return undefined;
    },
  };
};

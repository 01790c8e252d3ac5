import type { Clock } from '@house/kernel/clock';
import type { Witness } from './client.ts';
import type { PlatformHealth } from './platform.ts';

/** Evidence older than this says nothing about now. */
const EVIDENCE_MS = 10_000;
/** Failures in a row that make a slow minute an outage. */
const DOWN_AFTER = 2;

type Evidence = { failures: number; at: number };

export type HealthRecord = {
  witness: Witness;
  /** Undefined: nothing was heard lately, somebody should ask. */
  of(siteId: number): { health: PlatformHealth; checkedAt: Date } | undefined;
};

/** Health by what real requests met: the newest evidence of the site, or of the platform as a whole. */
export const createHealthRecord = ({ clock }: { clock: Clock }): HealthRecord => {
  const bySite = new Map<number | undefined, Evidence>();
  return {
    witness: (siteId, reachable) => {
      const failures = reachable ? 0 : (bySite.get(siteId)?.failures ?? 0) + 1;
      bySite.set(siteId, { failures, at: clock().getTime() });
    },
    of: (siteId) => {
      const evidence = [bySite.get(siteId), bySite.get(undefined)]
        .filter((found) => found !== undefined)
        .filter(({ at }) => Math.abs(clock().getTime() - at) <= EVIDENCE_MS)
        .sort((a, b) => b.at - a.at || a.failures - b.failures)[0];
      if (!evidence) return undefined;
      const health = evidence.failures === 0 ? 'UP' : evidence.failures < DOWN_AFTER ? 'DEGRADED' : 'DOWN';
      return { health, checkedAt: new Date(evidence.at) };
    },
  };
};

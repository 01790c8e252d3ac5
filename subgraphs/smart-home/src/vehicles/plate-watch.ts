/** What the administration and the operator may know of plates: that there was one, and at which site; never which. */
import type { Telemetry } from '@house/kernel/telemetry';
import { Counter } from 'prom-client';

export type PlateWatch = {
  /** The platform will not have it. Its row waits for the administration of the building (verdicts.ts). */
  refused(siteId: number, operationId: string): void;
  /** Beyond a budget. */
  postponed(siteId: number): void;
};

export const createPlateWatch = ({ log, registry }: Telemetry): PlateWatch => {
  const counter = (name: string, help: string) =>
    new Counter({ name, help, labelNames: ['site'], registers: [registry] });
  const refusals = counter('plates_refused_total', 'Plates that the platform refused for good.');
  const postponements = counter('plates_postponed_total', 'Plates beyond the budget of the plate or the site.');
  return {
    refused: (siteId, operationId) => {
      refusals.inc({ site: siteId });
      log.warn('plate-refused', { siteId, operationId });
    },
    postponed: (siteId) => {
      postponements.inc({ site: siteId });
      log.warn('plate-postponed', { siteId });
    },
  };
};

/** The platform's monotone log: what cameras, panels, visitors and the platform itself have caused. */
import type { Clock } from '@house/kernel/clock';
import { createId } from './ids.ts';

/** The newest are kept: a house that runs for weeks must not grow without end. */
const LIMIT = 10_000;

export type PlatformEvent = {
  id: string;
  /** From 1 per site, without gaps. */
  sequence: number;
  type: string;
  siteId: number;
  occurredAt: string;
  data: Readonly<Record<string, unknown>>;
};

export type EventLog = {
  append(event: { type: string; siteId: number; data: Readonly<Record<string, unknown>> }): PlatformEvent;
  /** Oldest first. */
  read(): readonly PlatformEvent[];
};

export const createEventLog = ({ clock }: { clock: Clock }): EventLog => {
  const events: PlatformEvent[] = [];
  const sequences = new Map<number, number>();
  return {
    append({ type, siteId, data }) {
      const sequence = (sequences.get(siteId) ?? 0) + 1;
      sequences.set(siteId, sequence);
      const event = { id: createId('ev'), sequence, type, siteId, occurredAt: clock().toISOString(), data };
      events.push(event);
      if (events.length >= 2 * LIMIT) events.splice(0, LIMIT);
      return event;
    },
    read: () => events.slice(-LIMIT),
  };
};

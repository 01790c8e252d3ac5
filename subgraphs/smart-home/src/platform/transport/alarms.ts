/** What says that somebody stands between us and the platform: counted each time, and said aloud once until it is over. */
import type { LogFields, Telemetry } from '@house/kernel/telemetry';
import { Counter } from 'prom-client';

export type Alarms = {
  /** A connection that was refused before anything was sent. */
  unpinned(fields: LogFields): void;
  /** A connection to a pinned key. */
  pinned(): void;
  /** An answer that is not believed. */
  unproven(reason: string, fields: LogFields): void;
  proven(): void;
};

export const createAlarms = ({ log, registry }: Telemetry): Alarms => {
  const registers = [registry];
  const connections = new Counter({
    name: 'platform_connections_refused_total',
    help: 'Connections to the platform that were given up because its key is not pinned; nothing was sent.',
    registers,
  });
  const answers = new Counter({
    name: 'platform_answers_refused_total',
    help: 'Answers that were not believed, by what was wrong with their signature.',
    labelNames: ['reason'],
    registers,
  });
  const raised = { unpinned: false, unproven: false };
  return {
    unpinned: (fields) => {
      connections.inc();
      if (!raised.unpinned) log.error('platform-key-not-pinned', fields);
      raised.unpinned = true;
    },
    pinned: () => {
      raised.unpinned = false;
    },
    unproven: (reason, fields) => {
      answers.inc({ reason });
      if (!raised.unproven) log.error('platform-answer-unproven', { ...fields, reason });
      raised.unproven = true;
    },
    proven: () => {
      raised.unproven = false;
    },
  };
};

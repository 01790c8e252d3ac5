/** What the guard does, as log lines and metrics. */
import type { Telemetry } from '@house/kernel/telemetry';
import { Counter, Gauge } from 'prom-client';
import type { GuardKey, GuardWatch } from './guard.ts';

export const createGuardWatch = ({ log, registry }: Telemetry): GuardWatch => {
  const registers = [registry];
  const broken = new Gauge({
    name: 'platform_breaker_open',
    help: '1 while a breaker is open: of a site, or of what belongs to none (platform, webhooks).',
    labelNames: ['site'],
    registers,
  });
  const pauses = new Counter({
    name: 'platform_pauses_total',
    help: 'Pauses that the platform asked for.',
    labelNames: ['site'],
    registers,
  });
  const pausedSeconds = new Counter({
    name: 'platform_paused_seconds_total',
    help: 'How long they were to be when they began.',
    labelNames: ['site'],
    registers,
  });
  const held = new Counter({
    name: 'platform_requests_held_back_total',
    help: 'Requests that were not sent, by what held them back: pause, breaker or budget.',
    labelNames: ['site', 'reason'],
    registers,
  });
  const place = (key: GuardKey) => (typeof key === 'number' ? { siteId: key } : { resource: key });
  return {
    opened: (key) => {
      broken.set({ site: key }, 1);
      log.warn('breaker-opened', place(key));
    },
    closed: (key) => {
      broken.set({ site: key }, 0);
      log.info('breaker-closed', place(key));
    },
    paused: (key, forMs) => {
      pauses.inc({ site: key });
      pausedSeconds.inc({ site: key }, forMs / 1_000);
      log.warn('platform-paused', { ...place(key), retryInMs: forMs });
    },
    heldBack: (key, reason) => held.inc({ site: key, reason }),
  };
};

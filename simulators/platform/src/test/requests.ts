/** Requests that several tests send. */
import { randomUUID } from 'node:crypto';
import { type RemoteCaller, type Reply, textAt } from './caller.ts';

export const SUBJECT = 'sr_b4Kq9xWm2T';
export const ENTRANCE = 'ap_Hn4xW1';
export const UNIT = 'unit_7Qm2fD';

export type OpenOptions = {
  key?: string;
  accessPointId?: string;
  deadlineMs?: number;
  unitId?: string;
  subjectRef?: string;
  looksAtBreach?: boolean;
};

/** Opens the entrance of flat 12 by v2, unless told otherwise. */
export const open = (caller: RemoteCaller, options: OpenOptions = {}): Promise<Reply> => {
  const deadline = caller.instant(options.deadlineMs ?? 10_000);
  return caller.v2(`/access-points/${options.accessPointId ?? ENTRANCE}/open`, {
    method: 'POST',
    looksAtBreach: options.looksAtBreach ?? false,
    headers: { 'idempotency-key': options.key ?? randomUUID(), 'expires-at': deadline },
    body: {
      subjectRef: options.subjectRef ?? SUBJECT,
      unitId: options.unitId ?? UNIT,
      reason: 'app',
      deadline,
    },
  });
};

/** Opens the entrance of flat 7 by v1. */
export const openV1 = (caller: RemoteCaller): Promise<Reply> =>
  caller.v1('/domophones/2301/open', { method: 'POST', body: { doorId: 0, flatId: 23007 } });

const ENDED = new Set(['succeeded', 'failed', 'expired', 'cancelled']);

/** The operation of a 202, when it has come to its end. */
export const ended = (caller: RemoteCaller, reply: Reply): Promise<Reply> =>
  caller.until(`/operations/${textAt(reply.body, 'id')}`, ({ body }) => ENDED.has(textAt(body, 'state')));

export const PERMIT = {
  plate: { country: 'RU', canonical: 'A123BC77' },
  points: ['ap_Zk8mL6'],
  validFrom: '2026-06-15T08:00:00Z',
  validUntil: null,
  autoOpen: true,
};

export const addPermit = (caller: RemoteCaller, body: unknown = PERMIT, key: string = randomUUID()): Promise<Reply> =>
  caller.v2(`/units/${UNIT}/vehicle-permits`, { method: 'POST', headers: { 'idempotency-key': key }, body });

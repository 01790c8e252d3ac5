import { type Clock, later } from '@house/kernel/clock';
import { HouseError } from '@house/kernel/errors';
import type { Principal } from '@house/kernel/principal';
import type { Bindings } from '../bindings.ts';
import type { Accept, OperationRecord } from '../operations/operations.ts';
import { openRefusal } from '../policy.ts';
import type { Standings } from '../standing.ts';
import type { AccessPointDirectory } from './directory.ts';
import { requireDeadline } from './rules.ts';

export type OpenAccessPoint = {
  premisesId: string;
  accessPointId: string;
  deadlineMs?: number | null | undefined;
  idempotencyKey: string;
};

/** Promises one pulse before the deadline, or none. Whether the door opened is told by the operation, later. */
export const createOpenAccessPoint =
  ({
    accept,
    standings,
    bindings,
    directory,
  }: {
    accept: Accept;
    standings: Standings;
    bindings: Bindings;
    directory: AccessPointDirectory;
    clock: Clock;
  }) =>
  (principal: Principal, { idempotencyKey, ...input }: OpenAccessPoint): Promise<OperationRecord> =>
    accept({
      kind: 'OPEN',
      subject: principal.subject,
      idempotencyKey,
      input,
      plan: async (now) => {
        const { premisesId, accessPointId } = input;
        const notAfter = later(now, requireDeadline(input.deadlineMs));
        const refusal = openRefusal(await standings.fresh(principal), premisesId, now);
        if (refusal) throw new HouseError(refusal, { path: ['input', 'premisesId'] });
        const [premises] = await bindings.premises([premisesId]);
        if (!premises) throw new HouseError('NOT_FOUND', { path: ['input', 'premisesId'] });
        const points = await directory.known(premises);
        if (!points.some(({ id }) => id === accessPointId))
          throw new HouseError('NOT_FOUND', { path: ['input', 'accessPointId'] });
        return {
          premisesId,
          class: 'moment',
          orderKey: null,
          notAfter,
          bind: async () => ({
            objectId: accessPointId,
            body: { subject: principal.subject, premisesId, accessPointId },
          }),
        };
      },
    });

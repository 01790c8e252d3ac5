import { later } from '@house/kernel/clock';
import { HouseError } from '@house/kernel/errors';
import type { Bindings } from '../bindings.ts';
import type { Accept, Asker, Followers, OperationRecord } from '../operations/operations.ts';
import type { Platform } from '../platform/platform.ts';
import { openRefusal } from '../policy.ts';
import type { Standings } from '../standing.ts';
import type { OpenBody } from './deliver-open.ts';
import type { AccessPointDirectory, KnownAccessPoint } from './directory.ts';
import { otherWaysIn, requireDeadline } from './rules.ts';
import { createShare, tapLock } from './share-pulse.ts';

export type OpenAccessPoint = {
  premisesId: string;
  accessPointId: string;
  deadlineMs?: number | null | undefined;
  idempotencyKey: string;
};

const AT_THE_POINT = ['input', 'accessPointId'] as const;
const wholeSeconds = (milliseconds: number): number => Math.max(1, Math.ceil(milliseconds / 1_000));

/** Somebody waits at the door: what cannot reach it now is refused now, and not when the deadline is over. */
const requireReachable = (refusal: ReturnType<Platform['refusal']>, { allowedMethods }: KnownAccessPoint): void => {
  if (!refusal) return;
  const message = otherWaysIn(allowedMethods);
  throw new HouseError('PLATFORM_UNAVAILABLE', {
    ...(message !== undefined && { message }),
    retryAfterSeconds: wholeSeconds(refusal.retryAfterMs),
    path: AT_THE_POINT,
  });
};

/**
 * Promises one pulse before the deadline, or none; a pulse that is shared with others counts. Whether the door opened is
 * told by the operation, later.
 */
export const createOpenAccessPoint = ({
  accept,
  standings,
  bindings,
  directory,
  platform,
  followers,
}: {
  accept: Accept;
  standings: Standings;
  bindings: Bindings;
  directory: AccessPointDirectory;
  platform: Pick<Platform, 'refusal'>;
  followers: Followers;
}) => {
  const share = createShare({ followers });
  return ({ principal, deadline }: Asker, { idempotencyKey, ...input }: OpenAccessPoint): Promise<OperationRecord> =>
    accept({
      kind: 'OPEN',
      subject: principal.subject,
      idempotencyKey,
      input,
      deadline,
      plan: async (now) => {
        const { premisesId, accessPointId } = input;
        const { subject } = principal;
        const notAfter = later(now, requireDeadline(input.deadlineMs));
        const refusal = openRefusal(await standings.fresh(principal, deadline), premisesId, now);
        if (refusal) throw new HouseError(refusal, { path: ['input', 'premisesId'] });
        const [premises] = await bindings.premises([premisesId]);
        if (!premises) throw new HouseError('NOT_FOUND', { path: ['input', 'premisesId'] });
        const point = (await directory.known(premises)).find(({ id }) => id === accessPointId);
        if (!point) throw new HouseError('NOT_FOUND', { path: AT_THE_POINT });
        requireReachable(platform.refusal(premises.siteId), point);
        return {
          premisesId,
          class: 'moment',
          orderKey: null,
          notAfter,
          decidedUnder: tapLock(accessPointId),
          bind: async (transaction) => {
            const tap = { subject, premisesId, at: now, deadline: notAfter, point };
            const shared = await share(transaction, accessPointId, tap);
            switch (shared.is) {
              case 'joins':
                return { joins: shared.id };
              case 'follows':
                return { objectId: accessPointId, leader: shared.leader };
              case 'busy':
                throw new HouseError('ACCESS_POINT_BUSY', {
                  retryAfterSeconds: wholeSeconds(shared.retryAfterMs),
                  path: AT_THE_POINT,
                });
              case 'leads':
                return { objectId: accessPointId, body: { subject, premisesId, accessPointId } satisfies OpenBody };
            }
          },
        };
      },
    });
};

/**
 * The access points of premises under our own ids. The platform's ids never reach the app: ours are derived from the
 * platform's names with a key, and stay the same when a building moves from the first version to the second.
 */
import type { Clock } from '@house/kernel/clock';
import { HouseError } from '@house/kernel/errors';
import type { Log } from '@house/kernel/telemetry';
import type { Vault } from '@house/kernel/vault';
import type { BoundPremises } from '../bindings.ts';
import type { LastKnown } from '../last-known.ts';
import type { AccessPointRef, AccessPointState, Platform } from '../platform/platform.ts';
import { PlatformFault } from '../platform/platform.ts';

export type KnownAccessPoint = Omit<AccessPointState, 'asOf'> & {
  id: string;
  /** How old this answer is: the platform's own word, else when it answered. */
  stateAsOf: Date;
};

export type AccessPointDirectory = {
  /** Asks the platform; what was known before, with its age, when it cannot be reached; null when nothing was. */
  of(premises: BoundPremises): Promise<KnownAccessPoint[] | null>;
  /** What is known without asking, or asked if nothing is. @throws HouseError `PLATFORM_UNAVAILABLE` when neither helps. */
  known(premises: BoundPremises): Promise<KnownAccessPoint[]>;
};

const RESOURCE = 'access-points';
const READ_LIMIT_MS = 2_500;
/** 128 bits: no two devices share an id. */
const ID_BYTES = 16;

/** The first version's names are what both versions know a device by; one without them has the second's. */
const stableName = (siteId: number, { v1, v2 }: AccessPointRef): string =>
  v1 ? `${siteId}|${v1.domophoneId}/${v1.doorId}` : `${siteId}|${v2}`;

type Stored = Omit<AccessPointState, 'asOf'> & { asOf: string | null };

export const createAccessPointDirectory = ({
  platform,
  lastKnown,
  vault,
  clock,
  log,
}: {
  platform: Platform;
  lastKnown: LastKnown;
  vault: Vault;
  clock: Clock;
  log: Log;
}): AccessPointDirectory => {
  const idOf = (siteId: number, ref: AccessPointRef): string =>
    `ac_${vault.blindIndex(stableName(siteId, ref), 'access-point').subarray(0, ID_BYTES).toString('base64url')}`;

  const fromPlatform = async (premises: BoundPremises): Promise<KnownAccessPoint[]> => {
    if (!premises.unit) return [];
    const access = await platform.access(premises.siteId);
    const states = await access.accessPoints(premises.unit, AbortSignal.timeout(READ_LIMIT_MS));
    await lastKnown.write(
      premises.id,
      RESOURCE,
      states.map(({ asOf: _, ...state }) => state),
    );
    return states.map(({ asOf, ...state }) => ({
      ...state,
      id: idOf(premises.siteId, state.ref),
      stateAsOf: asOf ?? clock(),
    }));
  };

  const remembered = async (premises: BoundPremises): Promise<KnownAccessPoint[] | undefined> => {
    const known = await lastKnown.read<Stored[]>(premises.id, RESOURCE);
    return known?.answer.map(({ asOf: _, ...state }) => ({
      ...state,
      id: idOf(premises.siteId, state.ref),
      stateAsOf: known.asOf,
    }));
  };

  return {
    of: async (premises) => {
      try {
        return await fromPlatform(premises);
      } catch (error) {
        if (!(error instanceof PlatformFault)) throw error;
        log.warn('platform-read-failed', {
          siteId: premises.siteId,
          resource: RESOURCE,
          code: error.fault.code,
          error,
        });
        const known = await remembered(premises);
        if (known) return known;
        if (error.fault.code === 'PLATFORM_CONTRACT_BROKEN')
          throw new HouseError('PLATFORM_CONTRACT_BROKEN', { cause: error });
        return null;
      }
    },
    known: async (premises) => {
      if (!premises.unit) return [];
      const known = await remembered(premises);
      if (known) return known;
      try {
        return await fromPlatform(premises);
      } catch (cause) {
        if (cause instanceof PlatformFault) throw new HouseError('PLATFORM_UNAVAILABLE', { cause });
        throw cause;
      }
    },
  };
};

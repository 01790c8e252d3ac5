import type { Budget, FieldPolicy, LimitPolicies } from './policy.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/**
 * Twenty things that are not there, or not one's own, within an hour: no app does that by mistake, and ids have far more
 * than twenty times a day's locks can try.
 */
const GUESSES: FieldPolicy['lockout'] = {
  failures: 20,
  withinMs: HOUR_MS,
  firstMs: 30_000,
  longestMs: HOUR_MS,
  codes: ['NOT_FOUND'],
};

const vehicleChanges: readonly Budget[] = [
  { per: 'actor', max: 30, windowMs: HOUR_MS, bucket: 'vehicle-change' },
  { per: 'actor', max: 60, windowMs: DAY_MS, bucket: 'vehicle-change' },
];

const membershipChange: FieldPolicy = {
  budgets: [{ per: 'actor', max: 30, windowMs: HOUR_MS, bucket: 'membership-change' }],
  whenUnknown: 'refuse',
  lockout: GUESSES,
};

/** Enough for a family's day at its own doors; far too few to guess anything or to wear out a barrier. */
export const DEFAULT_LIMITS: LimitPolicies = {
  'Mutation.openAccessPoint': {
    budgets: [
      // All twelve may come in a row: who stands before a door that did not open taps again at once, and taps within two
      // seconds share a pulse, so that a shorter window would spare no relay.
      { per: 'actor', max: 12, windowMs: MINUTE_MS },
      // A family at its doors.
      { per: 'premises', argument: 'input.premisesId', max: 30, windowMs: MINUTE_MS },
      // A gate that a thousand flats share, at the hour when they come home.
      { per: 'accessPoint', argument: 'input.accessPointId', max: 300, windowMs: MINUTE_MS },
    ],
    // A door opens without Redis.
    whenUnknown: 'own',
    lockout: GUESSES,
  },
  'Mutation.addVehicle': {
    budgets: [...vehicleChanges, { per: 'premises', argument: 'input.premisesId', max: 100, windowMs: DAY_MS }],
    whenUnknown: 'refuse',
    lockout: GUESSES,
  },
  'Mutation.removeVehicle': { budgets: vehicleChanges, whenUnknown: 'refuse', lockout: GUESSES },
  'Mutation.updateMembership': membershipChange,
  'Mutation.revokeMembership': membershipChange,
  'Mutation.leavePremises': membershipChange,
};

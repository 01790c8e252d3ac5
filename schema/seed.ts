/**
 * The seeded world of development: our side of it. The platform's side is `platform/world.ts`; a premises
 * points at the platform's unit by `externalRef`, a complex at its site by `siteId`.
 *
 * Ids never change, so that a document or a token written yesterday still works today. `seedWorld` gives either size;
 * the constants are the small one.
 */
import {
  FLATS_PER_LARGE_COMPLEX,
  LARGE_COMPLEXES,
  largeExternalRef,
  largeFlat,
  largeSiteId,
  largeTimeZone,
  type WorldSize,
} from './platform/world.ts';
import type { Role } from './roles.ts';

export type SeedPerson = {
  /** The token's `sub`. */
  handle: string;
  id: string;
  displayName: string;
  /** E.164. */
  phone: string;
  roles: readonly Role[];
  /** Complexes that a member of staff serves. */
  complexes: readonly string[];
};
export type SeedComplex = { id: string; name: string; timeZone: string; siteId: number };
export type SeedPremises = {
  id: string;
  complexId: string;
  kind: 'APARTMENT' | 'HOUSE' | 'PARKING_SPACE';
  label: string;
  /** The platform's pseudonym of the unit; null where the platform has nothing there. */
  externalRef: string | null;
};
export type SeedMembership = {
  id: string;
  person: string;
  premises: string;
  role: 'OWNER' | 'RESIDENT' | 'TENANT';
  permissions: readonly string[];
  /** Days from the seed; null: without end. */
  validForDays: number | null;
};

const PERMISSIONS = [
  'ACCESS_OPEN',
  'CAMERA_VIEW',
  'JOURNAL_READ',
  'PASS_ISSUE',
  'VEHICLE_MANAGE',
  'FACE_SELF',
  'METER_READ',
  'METER_SUBMIT',
  'SCENARIO_RUN',
  'MEMBER_INVITE',
] as const;
const ALL = PERMISSIONS;
const ALL_BUT_INVITE = PERMISSIONS.filter((permission) => permission !== 'MEMBER_INVITE');

const resident = (handle: string, id: string, displayName: string, phone: string): SeedPerson => ({
  handle,
  id,
  displayName,
  phone,
  roles: ['resident'],
  complexes: [],
});
const staff = (handle: string, id: string, displayName: string, phone: string, role: Role): SeedPerson => ({
  handle,
  id,
  displayName,
  phone,
  roles: [role],
  complexes: ['cx_a'],
});

const SEED_COMPLEXES: readonly SeedComplex[] = [
  { id: 'cx_a', name: 'ЖК «Аллея»', timeZone: 'Europe/Moscow', siteId: 17 },
  { id: 'cx_b', name: 'ЖК «Берег»', timeZone: 'Europe/Moscow', siteId: 23 },
  { id: 'cx_c', name: 'Посёлок «Сосны»', timeZone: 'Asia/Yekaterinburg', siteId: 31 },
];

export const SEED_PREMISES: readonly SeedPremises[] = [
  { id: 'pr_a12', complexId: 'cx_a', kind: 'APARTMENT', label: 'Кв. 12', externalRef: 'xr_k3Zr8vTn' },
  { id: 'pr_a13', complexId: 'cx_a', kind: 'APARTMENT', label: 'Кв. 13', externalRef: 'xr_p6Yw2cMq' },
  { id: 'pr_m12', complexId: 'cx_a', kind: 'PARKING_SPACE', label: 'М-12', externalRef: null },
  { id: 'pr_b7', complexId: 'cx_b', kind: 'APARTMENT', label: 'Кв. 7', externalRef: 'xr_t9Lb5gRd' },
  { id: 'pr_c1', complexId: 'cx_c', kind: 'HOUSE', label: 'Дом 1', externalRef: 'xr_h7Js4xPf' },
];

export const SEED_PEOPLE: readonly SeedPerson[] = [
  resident('owner-a12', 'pe_ownera12', 'Анна Ветрова', '+79160000012'),
  resident('resident-a12', 'pe_residenta12', 'Илья Ветров', '+79160000112'),
  resident('owner-a13', 'pe_ownera13', 'Борис Сомов', '+79160000013'),
  resident('tenant-b7', 'pe_tenantb7', 'Вера Лунина', '+79160000207'),
  resident('owner-b7', 'pe_ownerb7', 'Глеб Орлов', '+79160000007'),
  resident('owner-c1', 'pe_ownerc1', 'Дарья Кедрова', '+79160000031'),
  resident('outsider', 'pe_outsider', 'Егор Странник', '+79160000099'),
  staff('concierge-a', 'pe_conciergea', 'Жанна К.', '+79160000301', 'concierge'),
  staff('security-a', 'pe_securitya', 'Захар О.', '+79160000302', 'security'),
  staff('manager-a', 'pe_managera', 'Инна У.', '+79160000303', 'manager'),
  staff('support-a', 'pe_supporta', 'Кирилл П.', '+79160000304', 'support'),
  staff('auditor-a', 'pe_auditora', 'Лидия А.', '+79160000305', 'auditor'),
];

const SEED_MEMBERSHIPS: readonly SeedMembership[] = [
  {
    id: 'me_a12_owner',
    person: 'pe_ownera12',
    premises: 'pr_a12',
    role: 'OWNER',
    permissions: ALL,
    validForDays: null,
  },
  {
    id: 'me_m12_owner',
    person: 'pe_ownera12',
    premises: 'pr_m12',
    role: 'OWNER',
    permissions: ALL,
    validForDays: null,
  },
  {
    id: 'me_a12_resident',
    person: 'pe_residenta12',
    premises: 'pr_a12',
    role: 'RESIDENT',
    permissions: ALL_BUT_INVITE,
    validForDays: null,
  },
  {
    id: 'me_a13_owner',
    person: 'pe_ownera13',
    premises: 'pr_a13',
    role: 'OWNER',
    permissions: ALL,
    validForDays: null,
  },
  { id: 'me_b7_tenant', person: 'pe_tenantb7', premises: 'pr_b7', role: 'TENANT', permissions: ALL, validForDays: 30 },
  { id: 'me_b7_owner', person: 'pe_ownerb7', premises: 'pr_b7', role: 'OWNER', permissions: ALL, validForDays: null },
  { id: 'me_c1_owner', person: 'pe_ownerc1', premises: 'pr_c1', role: 'OWNER', permissions: ALL, validForDays: null },
];

/** Purposes whose consent is active for every seeded resident. */
export const SEED_CONSENTS = ['VEHICLE_ACCESS', 'PLATFORM_TRANSFER'] as const;

export type SeedWorld = {
  complexes: readonly SeedComplex[];
  people: readonly SeedPerson[];
  premises: readonly SeedPremises[];
  memberships: readonly SeedMembership[];
};

/** Of flat `number` of a thousand: what the ids and handles of its people end in. */
const numbered = (number: number): string => `l${String(number).padStart(4, '0')}`;

/** A flat of the large world: one owner and one resident. */
const largeHousehold = (complex: number, flat: number) => {
  const number = largeFlat(complex, flat);
  const name = numbered(number);
  const phone = (first: number) => `+7917${String(first + number).padStart(7, '0')}`;
  const premises: SeedPremises = {
    id: `pr_${name}`,
    complexId: `cx_l${complex}`,
    kind: 'APARTMENT',
    label: `Кв. ${flat}`,
    externalRef: largeExternalRef(number),
  };
  const owner = resident(`owner-${name}`, `pe_owner${name}`, `Хозяин ${number}`, phone(0));
  const lodger = resident(`resident-${name}`, `pe_resident${name}`, `Житель ${number}`, phone(10_000));
  const membership = (person: SeedPerson, role: 'OWNER' | 'RESIDENT', permissions: readonly string[]) => ({
    id: `me_${name}_${role.toLowerCase()}`,
    person: person.id,
    premises: premises.id,
    role,
    permissions,
    validForDays: null,
  });
  return {
    premises,
    people: [owner, lodger],
    memberships: [membership(owner, 'OWNER', ALL), membership(lodger, 'RESIDENT', ALL_BUT_INVITE)],
  };
};

const upTo = (length: number): number[] => Array.from({ length }, (_, index) => index + 1);

/**
 * The world of either size: `large` is the small one and ten complexes more of a hundred flats each, with the people
 * `owner-l0001` to `owner-l1000` and `resident-l0001` to `resident-l1000`.
 */
export const seedWorld = (size: WorldSize = 'small'): SeedWorld => {
  const small = {
    complexes: SEED_COMPLEXES,
    people: SEED_PEOPLE,
    premises: SEED_PREMISES,
    memberships: SEED_MEMBERSHIPS,
  };
  if (size === 'small') return small;
  const complexes = upTo(LARGE_COMPLEXES);
  const households = complexes.flatMap((complex) =>
    upTo(FLATS_PER_LARGE_COMPLEX).map((flat) => largeHousehold(complex, flat)),
  );
  return {
    complexes: [
      ...small.complexes,
      ...complexes.map((complex) => ({
        id: `cx_l${complex}`,
        name: `ЖК «Л-${complex}»`,
        timeZone: largeTimeZone(complex),
        siteId: largeSiteId(complex),
      })),
    ],
    people: [...small.people, ...households.flatMap(({ people }) => people)],
    premises: [...small.premises, ...households.map(({ premises }) => premises)],
    memberships: [...small.memberships, ...households.flatMap(({ memberships }) => memberships)],
  };
};

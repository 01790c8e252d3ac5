/**
 * The RBAC table: which scopes a role may hold.
 *
 * A field's scope is granted when the access token carries it AND one of the token's roles holds it here.
 * What a person may do to one particular object (membership, permission, validity, suspension, consent) is
 * decided in the subgraphs; this table only says who may try.
 */
export const ROLES = {
  resident: [
    'premises:read',
    'members:write',
    'consent:write',
    'access:read',
    'access:open',
    'camera:view',
    'meter:read',
    'meter:write',
    'scenario:run',
    'pass:read',
    'pass:write',
    'vehicle:read',
    'vehicle:write',
    'journal:read',
    'face:read',
    'face:write',
    'audit:read:own',
  ],
  concierge: [
    'premises:read',
    'access:read',
    'camera:view',
    'journal:read',
    'staff:journal',
    'staff:open',
    'staff:check-pass',
    'staff:emergency',
  ],
  security: [
    'premises:read',
    'access:read',
    'camera:view',
    'journal:read',
    'pass:read',
    'pass:write',
    'vehicle:read',
    'staff:journal',
    'staff:open',
    'staff:check-pass',
    'staff:emergency',
    'premises:suspend',
  ],
  manager: [
    'premises:read',
    'members:write',
    'access:read',
    'pass:read',
    'pass:write',
    'vehicle:read',
    'vehicle:write',
    'meter:read',
    'staff:journal',
    'staff:emergency',
    'premises:suspend',
  ],
  support: ['premises:read', 'access:read', 'vehicle:read'],
  auditor: ['premises:read', 'staff:journal', 'audit:read', 'privacy:process'],
  // A machine client with a key of ours reads what stands in its one complex, and of nobody's doings anything.
  service: ['premises:read', 'access:read'],
} as const satisfies Record<string, readonly string[]>;

export type Role = keyof typeof ROLES;

/** True for the names that this table knows; anything else in a token's `roles` is ignored. */
export const isRole = (name: string): name is Role => Object.hasOwn(ROLES, name);

/** The scopes that any of `roles` may hold. */
export const scopesOf = (roles: readonly Role[]): ReadonlySet<string> => new Set(roles.flatMap((role) => ROLES[role]));

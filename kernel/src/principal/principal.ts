/** Who is asking, as the gateway established it from the access token. */
export type Principal = {
  /** The token's `sub`: the account, not the person's name. */
  readonly subject: string;
  readonly clientId: string;
  /** Roles that the RBAC table knows. */
  readonly roles: readonly string[];
  /** Granted scopes: those that the token carries AND one of its roles holds. */
  readonly scopes: readonly string[];
  /** Complexes that a member of staff serves; empty for residents. */
  readonly complexes: readonly string[];
  readonly tokenId: string;
  /** When the token ends. */
  readonly expiresAt: Date;
  /** When and how the person signed in, for step-up. */
  readonly authTime?: Date;
  readonly acr?: string;
  /** The header `Access-Reason`, where a member of staff gave one. */
  readonly reason?: string;
};

export const isStaff = (principal: Principal): boolean => principal.complexes.length > 0;
export const hasScope = (principal: Principal, scope: string): boolean => principal.scopes.includes(scope);

export {
  parseSigningKey,
  parseVerifyingKeys,
  type SigningKey,
  signingKeyOf,
  verifyingKeysOf,
  watchSigningKey,
  watchVerifyingKeys,
} from './keys.ts';
export { createPrincipalSigner, createPrincipalVerifier, type SignPrincipal, type VerifyPrincipal } from './signed.ts';

/**
 * One access token: JWT profile of RFC 9068, ES256 only, strict where jsonwebtoken is not (RFC 8725). Alone it accepts
 * 23 of 86 hostile tokens; what it does not look at is looked at here.
 */

import type { Clock } from '@house/kernel/clock';
import type { Principal } from '@house/kernel/principal';
import { isRole, scopesOf } from '@house/schema/roles.ts';
import jwt from 'jsonwebtoken';
import { z } from 'zod';
import type { Keys } from './keys.ts';

export type VerifiedToken = {
  readonly principal: Principal;
  /** The thumbprint of the key that the token is bound to (RFC 9449 §6.1). */
  readonly boundTo?: string;
};

/** @returns undefined for every fault of the token: the caller must not learn which. */
export type VerifyToken = (token: string) => Promise<VerifiedToken | undefined>;

const TOKEN_LIMIT_BYTES = 8_192;
const LIFE_LIMIT_SECONDS = 15 * 60;
const SKEW_SECONDS = 5;

/** Nothing else may stand in the header: no `crit`, no key that the token brings along. */
const header = z.strictObject({ alg: z.literal('ES256'), typ: z.literal('at+jwt'), kid: z.string().min(1).max(200) });

const name = z.string().min(1).max(255);
/** Seconds since 1970, as a finite number. */
const seconds = z.number().min(0).max(1e11);
const claims = z.object({
  iss: name,
  aud: name,
  sub: name,
  client_id: name,
  jti: name,
  iat: seconds,
  exp: seconds,
  nbf: seconds.optional(),
  scope: z.string().max(2_000).optional(),
  roles: z.array(z.string()).max(20).optional(),
  complexes: z.array(name).max(200).optional(),
  auth_time: seconds.optional(),
  acr: name.optional(),
  cnf: z.object({ jkt: z.string().length(43) }).optional(),
});

const toDate = (value: number): Date => new Date(value * 1_000);

const toVerified = (claim: z.output<typeof claims>): VerifiedToken => {
  const roles = (claim.roles ?? []).filter(isRole);
  const granted = scopesOf(roles);
  const carried = new Set((claim.scope ?? '').split(' ').filter(Boolean));
  return {
    principal: {
      subject: claim.sub,
      clientId: claim.client_id,
      roles,
      scopes: [...carried].filter((scope) => granted.has(scope)),
      complexes: claim.complexes ?? [],
      tokenId: claim.jti,
      expiresAt: toDate(claim.exp),
      ...(claim.auth_time !== undefined && { authTime: toDate(claim.auth_time) }),
      ...(claim.acr !== undefined && { acr: claim.acr }),
    },
    ...(claim.cnf && { boundTo: claim.cnf.jkt }),
  };
};

/** @throws HouseError `SERVICE_UNAVAILABLE` when the issuer's keys are not known. */
export const createVerifyToken =
  ({
    keys,
    issuer,
    audience,
    clock,
  }: {
    keys: Pick<Keys, 'find'>;
    issuer: string;
    audience: string;
    clock: Clock;
  }): VerifyToken =>
  async (token) => {
    if (token.length > TOKEN_LIMIT_BYTES) return undefined;
    const told = header.safeParse(readHeader(token));
    if (!told.success) return undefined;
    const key = await keys.find(told.data.kid);
    if (!key) return undefined;
    const now = Math.floor(clock().getTime() / 1_000);
    try {
      const payload = jwt.verify(token, key, {
        algorithms: ['ES256'],
        issuer,
        audience,
        clockTimestamp: now,
        clockTolerance: SKEW_SECONDS,
      });
      const claim = claims.parse(payload);
      const lifeSeconds = claim.exp - claim.iat;
      const isAcceptable =
        claim.aud === audience &&
        lifeSeconds > 0 &&
        lifeSeconds <= LIFE_LIMIT_SECONDS &&
        claim.iat <= now + SKEW_SECONDS;
      return isAcceptable ? toVerified(claim) : undefined;
    } catch {
      return undefined;
    }
  };

/** The header as JSON; undefined when the text is not a JWS in compact form. */
const readHeader = (token: string): unknown => {
  const parts = token.split('.');
  if (parts.length !== 3 || !parts.every((part) => /^[A-Za-z0-9_-]+$/.test(part))) return undefined;
  try {
    return JSON.parse(Buffer.from(parts[0] ?? '', 'base64url').toString('utf8'));
  } catch {
    return undefined;
  }
};

/** An app whose token is bound to a key that only it holds: every request comes with a proof (RFC 9449). */
import { createDpopProof, type DpopProof } from '@house/authorization-server/dpop-proof';
import { obtainToken } from '@house/authorization-server/obtain-token';
import type { GraphqlAnswer, TestHouse } from './house.ts';

type ProofOver = Partial<Omit<DpopProof, 'nonce'>> & { nonce?: string | undefined };

export type BoundApp = {
  readonly accessToken: string;
  /** A fresh proof for a request to the endpoint, or for what `over` says; with the nonce told last, unless it says another. */
  proof(over?: ProofOver): string;
  /** One request as it stands; without a proof when there is none. */
  send(body: unknown, proof: string | undefined): Promise<GraphqlAnswer>;
  /** As an app asks: with a fresh proof, and once more when it is told a nonce. It remembers the nonce. */
  ask(body: unknown): Promise<GraphqlAnswer>;
};

/** What a refusal says of proofs. */
export const challengeOf = ({ headers }: Pick<GraphqlAnswer, 'headers'>): string =>
  headers.get('www-authenticate') ?? '';

export const boundAppOf = async (house: TestHouse, user: string): Promise<BoundApp> => {
  const { access_token: accessToken, dpop_jwk: jwk } = await obtainToken({ issuer: house.issuer, user, dpop: true });
  if (!jwk) throw new Error('expected the key that the token is bound to');
  let told: string | undefined;
  const proof = (over: ProofOver = {}): string => {
    const { nonce, ...others } = { nonce: told, ...over };
    return createDpopProof({
      ...{ jwk, accessToken, method: 'POST', url: house.url, issuedAt: new Date() },
      ...(nonce !== undefined && { nonce }),
      ...others,
    });
  };
  const send = async (body: unknown, dpop: string | undefined): Promise<GraphqlAnswer> => {
    const answer = await house.post(body, {
      authorization: `DPoP ${accessToken}`,
      ...(dpop !== undefined && { dpop }),
    });
    told = answer.headers.get('dpop-nonce') ?? told;
    return answer;
  };
  return {
    accessToken,
    proof,
    send,
    ask: async (body) => {
      const first = await send(body, proof());
      return challengeOf(first).includes('use_dpop_nonce') ? send(body, proof()) : first;
    },
  };
};

export type Door = { readonly premisesId: string; readonly accessPointId: string };

/** The entrance of the first home of whoever asks. */
export const entranceOf = async (app: BoundApp): Promise<Door> => {
  const { data } = await app.ask({ query: '{ myPremises { id accessPoints(kind: ENTRANCE) { id } } }' });
  const homes = (data?.['myPremises'] ?? []) as { id: string; accessPoints: { id: string }[] }[];
  const [premises] = homes;
  const [point] = premises?.accessPoints ?? [];
  if (!premises || !point) throw new Error('expected a home with an entrance');
  return { premisesId: premises.id, accessPointId: point.id };
};

/** The app's request for one tap. */
export const tapOf = (door: Door, idempotencyKey: string): { query: string; variables: { input: object } } => ({
  query:
    'mutation ($input: OpenAccessPointInput!) { openAccessPoint(input: $input) { operation { id } errors { code } } }',
  variables: { input: { ...door, idempotencyKey } },
});

/** The operation that an answer tells of. */
export const operationOf = ({ data }: GraphqlAnswer): string | undefined =>
  (data as { openAccessPoint?: { operation: { id: string } | null } } | undefined)?.openAccessPoint?.operation?.id;

/**
 * The current version: what a request passes before a room of v2 answers it. Order is policy: nobody is told anything
 * without a certificate and a signature (contract §5.8), not even that a path does not exist; then comes our minor, and
 * nobody learns what exists without a token.
 */
import { createHash } from 'node:crypto';
import type { TypedParts } from '../contract/checks.ts';
import type { Route } from '../contract/routes.ts';
import type { Answer, Handlers, Received } from '../exchange.ts';
import type { Verdict } from '../integrity/verify-request.ts';
import type { Simulation } from '../simulation.ts';
import { createAboutHandlers, minorVersion } from './about.ts';
import { createAccessPointHandlers } from './access-points.ts';
import { createEventHandlers } from './events.ts';
import type { Replay } from './idempotency.ts';
import { createOpenHandlers } from './open.ts';
import { createOperationHandlers, promised } from './operation-answers.ts';
import { notImplemented, problem } from './problem.ts';
import { createSiteHandlers } from './sites.ts';
import type { Bearer, Sender, Tokens } from './tokens.ts';
import { createVehiclePermitHandlers } from './vehicle-permits.ts';
import { createWebhookHandlers } from './webhook-subscriptions.ts';

export type V2Request = {
  received: Received;
  /** Null for the discovery document, which everybody may read. */
  sender: Sender | null;
  route: Route;
  siteIds: readonly number[];
  traceId: string;
  body: unknown;
  check: () => TypedParts;
};
export type V2 = { answer(request: V2Request): Promise<Answer> };

/** The client by whose key the request was signed, on a connection with a certificate; or the refusal. */
export const senderOf = (
  { clientCertificate, certificateTrusted }: Received,
  verdict: Verdict,
  traceId: string,
): Sender | Answer => {
  if (clientCertificate === null || !certificateTrusted)
    return problem('unauthorized', { traceId, detail: 'a client certificate is required' });
  return verdict.valid
    ? { clientId: verdict.clientId, certificate: clientCertificate }
    : problem('signature-invalid', { traceId, detail: verdict.reason });
};

/** The same members in another order are the same request. */
const canonical = (value: unknown): string => {
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? '';
  const members = Object.entries(value).toSorted(([one], [other]) => (one < other ? -1 : 1));
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${canonical(member)}`).join()}}`;
};
const fingerprintOf = ({ received, body }: V2Request): string =>
  createHash('sha256')
    .update(`${received.method} ${received.path}\n${canonical(body)}`)
    .digest('base64url');

const takesKey = ({ parameters }: Route): boolean =>
  parameters.some(({ value }) => value.in === 'header' && value.name === 'Idempotency-Key');

const replayOf = ({ operationId, status, headers = {}, body, repeatBody = body }: Answer): Replay =>
  operationId === undefined ? { answer: { status, headers, body: repeatBody } } : { operationId };

const refuseMinor = ({ received, traceId }: V2Request): Answer | undefined => {
  const wanted = received.headers['api-version'];
  if (wanted === undefined || wanted === minorVersion()) return undefined;
  return problem('version-not-supported', { traceId, supportedVersions: [minorVersion()] });
};

const refuseBearer = ({ route, traceId }: V2Request, bearer: Bearer | undefined): Answer | undefined => {
  if (route.scopes === undefined) return undefined;
  if (!bearer) return problem('unauthorized', { traceId });
  return route.scopes.every((scope) => bearer.scopes.has(scope))
    ? undefined
    : problem('insufficient-scope', { traceId });
};

const refuseFindings = ({ traceId }: V2Request, { findings }: TypedParts): Answer | undefined => {
  const [finding] = findings;
  if (!finding) return undefined;
  const missing = finding.keyword === 'required';
  if (missing && finding.at === '/header/idempotency-key') return problem('idempotency-key-missing', { traceId });
  if (missing && finding.at === '/header/if-match') return problem('precondition-required', { traceId });
  return problem('invalid-request', { traceId, detail: `${finding.at} ${finding.rule}` });
};

export const createV2 = (deps: { simulation: Simulation; tokens: Tokens; audiences: () => readonly string[] }): V2 => {
  const { simulation, tokens } = deps;
  const handlers: Handlers = {
    ...createAboutHandlers(deps),
    ...createSiteHandlers(simulation),
    ...createAccessPointHandlers(simulation),
    ...createOpenHandlers(simulation),
    ...createOperationHandlers(simulation),
    ...createVehiclePermitHandlers(simulation),
    ...createEventHandlers(simulation),
    ...createWebhookHandlers(simulation),
  };

  const handle = async (
    { received, route, body, traceId }: V2Request,
    typed: TypedParts,
    caller: { clientId: string; fingerprint: string | null },
  ): Promise<Answer> => {
    const handler = handlers[route.operationId];
    // The sandbox is another world than this one: doing it here would move a door.
    if (!handler || received.headers['x-sandbox'] === '1') return notImplemented(traceId);
    return handler({ received, apiVersion: 'v2', params: typed.params, query: typed.query, body, traceId, ...caller });
  };

  const repeated = (replay: Replay, { traceId }: V2Request): Answer => {
    if ('answer' in replay) return { ...replay.answer, headers: { ...replay.answer.headers } };
    const operation = simulation.operations.read(replay.operationId);
    return operation ? promised(operation) : problem('not-found', { traceId });
  };

  /** The key is taken before the request is looked at, so that a repeat never meets what the first one has changed. */
  const once = async (request: V2Request, typed: TypedParts, clientId: string): Promise<Answer> => {
    const key = request.received.headers['idempotency-key'] ?? '';
    const fingerprint = fingerprintOf(request);
    const claim = simulation.keys.claim(clientId, key, fingerprint);
    if (claim.state === 'repeat') return repeated(claim.replay, request);
    if (claim.state === 'reused') return problem('idempotency-key-reused', { traceId: request.traceId });
    if (claim.state === 'in-progress') return problem('idempotency-in-progress', { traceId: request.traceId });
    const answer = await handle(request, typed, { clientId, fingerprint }).catch((error: unknown) => {
      claim.release();
      throw error;
    });
    const done = answer.status < 400;
    return {
      ...answer,
      concluded: () => {
        if (done) claim.keep(replayOf(answer));
        else claim.release();
        answer.concluded?.();
      },
    };
  };

  return {
    async answer(request) {
      const { sender } = request;
      const bearer = sender ? tokens.bearer(request.received.headers.authorization, sender) : undefined;
      const early = refuseMinor(request) ?? refuseBearer(request, bearer);
      if (early) return early;
      const typed = request.check();
      const refusal = refuseFindings(request, typed);
      if (refusal) return refusal;
      const clientId = sender?.clientId ?? '';
      // A platform of profile C does not know keys: each request is a new one.
      const knowsKeys = request.siteIds.every((siteId) => simulation.profiles.knowsKeys(siteId));
      return takesKey(request.route) && knowsKeys
        ? once(request, typed, clientId)
        : handle(request, typed, { clientId, fingerprint: null });
    },
  };
};

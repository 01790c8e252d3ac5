/**
 * The legacy version: what a request passes before a room of v1 answers it, and the quirks that change the answer.
 */
import type { TypedParts } from '../contract/checks.ts';
import type { Route } from '../contract/routes.ts';
import type { Answer, Handlers, Received } from '../exchange.ts';
import type { Deprecation, Simulation } from '../simulation.ts';
import { createAccessHandlers } from './access.ts';
import { refusal, sentence, withIntegersAsStrings } from './envelope.ts';
import { createHouseHandlers } from './houses.ts';
import { createJournalHandlers } from './journal.ts';
import type { V1Tokens } from './tokens.ts';

export type V1Request = {
  received: Received;
  route: Route;
  traceId: string;
  body: unknown;
  check: () => TypedParts;
};
export type V1 = {
  answer(request: V1Request): Promise<Answer>;
  /** The headers of §5.1, once v1 is to go away. */
  headers(): Record<string, string>;
};

const CALLS_PER_MINUTE = 30;
const MINUTE_MS = 60 * 1000;
const BAN_MS = 60 * MINUTE_MS;
const DOCUMENTS = 'https://platform.smart-home.example/docs';

const deprecationHeaders = ({ at, sunset }: Deprecation): Record<string, string> => ({
  Deprecation: `@${Math.floor(at.getTime() / 1000)}`,
  Sunset: sunset.toUTCString(),
  Link: [
    `<${DOCUMENTS}/v1-deprecation>; rel="deprecation"`,
    `<${DOCUMENTS}/v1-sunset>; rel="sunset"`,
    '</api/v2>; rel="successor-version"',
  ].join(', '),
});

/** True for a client that is banned now. Its 31st call within a minute begins an hour. */
const createBans = ({ clock }: Simulation) => {
  let calls: number[] = [];
  let until = 0;
  return (): boolean => {
    const now = clock().getTime();
    calls = [...calls.filter((at) => at > now - MINUTE_MS), now];
    if (calls.length > CALLS_PER_MINUTE && until <= now) until = now + BAN_MS;
    return until > now;
  };
};

export const createV1 = ({ simulation, tokens }: { simulation: Simulation; tokens: V1Tokens }): V1 => {
  const { quirks, clock } = simulation;
  const banned = createBans(simulation);
  const handlers: Handlers = {
    issueToken: ({ body, received }) => tokens.issue(body as Record<string, unknown>, received.headers['x-api-key']),
    ...createHouseHandlers(simulation),
    ...createAccessHandlers(simulation),
    ...createJournalHandlers(simulation),
  };
  const isRetired = () => simulation.deprecation !== undefined && simulation.deprecation.sunset <= clock();

  const handle = async ({ received, route, body, traceId }: V1Request, typed: TypedParts, clientId: string) => {
    const handler = handlers[route.operationId];
    if (!handler) return { ...refusal(501, 'notImplemented'), deliberate: true };
    return handler({
      received,
      apiVersion: 'v1',
      params: typed.params,
      query: typed.query,
      body,
      clientId,
      fingerprint: null,
      traceId,
    });
  };

  return {
    headers: () => (simulation.deprecation ? deprecationHeaders(simulation.deprecation) : {}),
    async answer(request) {
      const { route, received, check } = request;
      const { authorization, 'x-api-key': apiKey } = received.headers;
      if (isRetired()) return refusal(410, 'gone');
      if (quirks.has('ban') && banned()) return refusal(429, 'tooManyRequests');
      const clientId = route.scopes === undefined ? '' : tokens.client(authorization, apiKey);
      if (clientId === undefined || !tokens.knowsKey(apiKey)) return refusal(401, 'unauthorized');
      const typed = check();
      if (typed.findings.length > 0) return refusal(400, 'badRequest');
      const signsIn = route.operationId === 'issueToken';
      if (!signsIn && quirks.has('200-text')) return sentence();
      if (!signsIn && quirks.has('200-code-500')) return refusal(500, 'internalError', 200);
      const answer = await handle(request, typed, clientId);
      return quirks.has('integers-as-strings') ? withIntegersAsStrings(answer) : answer;
    },
  };
};

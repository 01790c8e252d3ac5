/** Both sides held to the contract, and their breaches written down. */
import type { Arrival } from '../arrival.ts';
import type { Answer } from '../exchange.ts';
import { mediaTypeOf, parseBody } from '../http/body.ts';
import type { Finding, TypedParts } from './checks.ts';
import type { Contract, ContractViolation, Violations } from './contract.ts';
import type { Route } from './routes.ts';

export type Guard = {
  /** A breach of the client's. */
  noteRequest(arrival: Arrival, findings: readonly Pick<Finding, 'at' | 'rule'>[]): void;
  /** The body, and a check of the whole request that is made when somebody wants to know. */
  openRequest(arrival: Arrival, route: Route): { body: unknown; check: () => TypedParts };
  /** What is broken on purpose, and what the contract does not list at all, is not looked at. */
  checkAnswer(arrival: Arrival, answer: Answer): void;
};

const NOT_JSON: Finding = { at: 'body', rule: 'must be JSON', keyword: 'format' };

const headersInLowerCase = (headers: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));

export const createGuard = (deps: {
  contract: () => Contract;
  violations: Violations;
  /** False for load: bodies and answers pass unseen. Parameters are still read, or nobody would know their types. */
  validate: boolean;
}): Guard => {
  const { contract, violations, validate } = deps;

  const note = (
    { apiVersion, route, received }: Arrival,
    findings: readonly Pick<Finding, 'at' | 'rule'>[],
    breach: Pick<ContractViolation, 'side' | 'status'>,
  ): void =>
    violations.record({
      ...breach,
      apiVersion: apiVersion ?? null,
      operationId: route?.operationId ?? null,
      method: received.method,
      path: received.path,
      findings: findings.map(({ at, rule }) => `${at} ${rule}`),
    });
  const noteRequest: Guard['noteRequest'] = (arrival, findings) =>
    note(arrival, findings, { side: 'request', status: null });

  return {
    noteRequest,
    openRequest(arrival, route) {
      const { query, headers, raw } = arrival.received;
      const mediaType = mediaTypeOf(headers['content-type']);
      const parsed = parseBody(raw, mediaType);
      const body = parsed === 'malformed' ? raw : parsed.body;
      const check = (): TypedParts => {
        const checked = contract().checkRequest(
          route,
          { params: arrival.params, query, headers, mediaType, body },
          validate,
        );
        const typed = parsed === 'malformed' ? { ...checked, findings: [NOT_JSON] } : checked;
        if (typed.findings.length > 0) noteRequest(arrival, typed.findings);
        return typed;
      };
      return { body, check };
    },
    checkAnswer(arrival, answer) {
      if (!validate || answer.deliberate || !arrival.route) return;
      const findings = contract().checkAnswer(arrival.route, {
        status: answer.status,
        headers: headersInLowerCase(answer.headers ?? {}),
        mediaType: mediaTypeOf(answer.contentType ?? 'application/json'),
        body: answer.bytes ?? answer.text ?? answer.body,
      });
      if (findings.length > 0) note(arrival, findings, { side: 'answer', status: answer.status });
    },
  };
};

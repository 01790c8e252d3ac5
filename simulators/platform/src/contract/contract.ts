/**
 * The contract of the platform, as `schema/platform/v1.yaml` and `v2.yaml` write it down: what exists, and whether a
 * request or an answer keeps to it. Breaches of both sides are collected, the caller's and the simulator's own.
 */
import type { Clock } from '@house/kernel/clock';
import type { ApiVersion } from '../ledger.ts';
import { type AnswerParts, checkAnswer, checkRequest, type RequestParts, type TypedParts } from './checks.ts';
import { openApi } from './documents.ts';
import { createRoutes, type Route, type Routes } from './routes.ts';

/** The newest are kept. */
const LIMIT = 500;

export type ContractViolation = {
  at: string;
  /** Whose breach it is: `request` is the client's, `answer` the simulator's. */
  side: 'request' | 'answer';
  apiVersion: ApiVersion | null;
  /** Null when the contract knows no such path or method. */
  operationId: string | null;
  method: string;
  path: string;
  status: number | null;
  /** Places and rules, never what was sent. */
  findings: readonly string[];
};
export type Violations = {
  record(violation: Omit<ContractViolation, 'at'>): void;
  read(): readonly ContractViolation[];
};

export const createViolations = ({ clock }: { clock: Clock }): Violations => {
  let violations: ContractViolation[] = [];
  return {
    record(violation) {
      violations.push({ at: clock().toISOString(), ...violation });
      if (violations.length > LIMIT) violations = violations.slice(-LIMIT);
    },
    read: () => violations,
  };
};

export type Contract = {
  routes: Routes;
  checkRequest(route: Route, parts: RequestParts, bodyToo?: boolean): TypedParts;
  checkAnswer(route: Route, parts: AnswerParts): readonly { at: string; rule: string; keyword: string }[];
};

let kept: Contract | undefined;

/** One for the process: the documents are read and indexed at the first call. */
export const loadContract = (): Contract => {
  kept ??= { routes: createRoutes([openApi('v1'), openApi('v2')]), checkRequest, checkAnswer };
  return kept;
};

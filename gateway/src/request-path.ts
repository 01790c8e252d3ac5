/**
 * The request path as a list. A step belongs to one stage, and the stages follow one another: what is known of a
 * request grows from bytes to a principal, a document and an operation.
 */
import type { IncomingMessage } from 'node:http';
import type { Principal } from '@house/kernel/principal';
import type { ValidationRule } from 'graphql';
import type { Possession } from './authenticate/authenticate.ts';
import type { AnswerStep, OperationStep } from './execute/execute.ts';

/** A request before it is GraphQL. Each step hands on what it found out. */
export type Exchange = {
  readonly incoming: IncomingMessage;
  readonly traceId: string;
  /** Sets a header of the answer, whatever the answer will be. */
  readonly setHeader: (name: string, value: string) => void;
  /** The query part of the address, with its question mark: what a GET asks. */
  readonly search?: string | undefined;
  /** The JSON object of a POST; undefined for a GET. */
  readonly body?: Readonly<Record<string, unknown>> | undefined;
  readonly principal?: Principal;
  /** Absent where the principal showed nothing but a token. */
  readonly possession?: Possession;
};

/** @throws HttpRefusal to end the request here. */
export type RequestStep = (exchange: Exchange) => Promise<Exchange>;

export type Step =
  | { readonly stage: 'request'; readonly run: RequestStep }
  | { readonly stage: 'document'; readonly rule: ValidationRule }
  | { readonly stage: 'operation'; readonly run: OperationStep }
  | { readonly stage: 'answer'; readonly run: AnswerStep };

const STAGES = ['request', 'document', 'operation', 'answer'] as const;

export const onRequest = (run: RequestStep): Step => ({ stage: 'request', run });
export const onDocument = (rule: ValidationRule): Step => ({ stage: 'document', rule });
export const onOperation = (run: OperationStep): Step => ({ stage: 'operation', run });
export const onAnswer = (run: AnswerStep): Step => ({ stage: 'answer', run });

export type RequestPath = {
  /** Runs the steps that stand before the document is read. */
  readonly enter: RequestStep;
  readonly rules: readonly ValidationRule[];
  readonly operationSteps: readonly OperationStep[];
  readonly answerSteps: readonly AnswerStep[];
};

/** @throws TypeError when the list cannot run in the order in which it is written. */
export const requestPath = (steps: readonly Step[]): RequestPath => {
  const order = steps.map(({ stage }) => STAGES.indexOf(stage));
  if (order.some((stage, at) => stage < (order[at - 1] ?? 0)))
    throw new TypeError('expected requests before documents before operations before answers');
  return {
    enter: async (exchange) => {
      let known = exchange;
      for (const step of steps) if (step.stage === 'request') known = await step.run(known);
      return known;
    },
    rules: steps.flatMap((step) => (step.stage === 'document' ? step.rule : [])),
    operationSteps: steps.flatMap((step) => (step.stage === 'operation' ? step.run : [])),
    answerSteps: steps.flatMap((step) => (step.stage === 'answer' ? step.run : [])),
  };
};

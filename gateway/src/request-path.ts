/**
 * The request path as a list. A step belongs to one stage, and the stages follow one another: what is known of a
 * request grows from bytes to a principal, a document and an operation.
 */
import type { IncomingMessage } from 'node:http';
import type { Principal } from '@house/kernel/principal';
import type { ValidationRule } from 'graphql';
import type { OperationStep } from './execute/execute.ts';

/** A request before it is GraphQL. Each step hands on what it found out. */
export type Exchange = {
  readonly incoming: IncomingMessage;
  readonly traceId: string;
  /** The JSON object of a POST; undefined for a GET. */
  readonly body?: Readonly<Record<string, unknown>> | undefined;
  readonly principal?: Principal;
};

/** @throws HttpRefusal to end the request here. */
export type RequestStep = (exchange: Exchange) => Promise<Exchange>;

export type Step =
  | { readonly stage: 'request'; readonly run: RequestStep }
  | { readonly stage: 'document'; readonly rule: ValidationRule }
  | { readonly stage: 'operation'; readonly run: OperationStep };

const STAGES = ['request', 'document', 'operation'] as const;

export const onRequest = (run: RequestStep): Step => ({ stage: 'request', run });
export const onDocument = (rule: ValidationRule): Step => ({ stage: 'document', rule });
export const onOperation = (run: OperationStep): Step => ({ stage: 'operation', run });

export type RequestPath = {
  /** Runs the steps that stand before the document is read. */
  readonly enter: RequestStep;
  readonly rules: readonly ValidationRule[];
  readonly operationSteps: readonly OperationStep[];
};

/** @throws TypeError when the list cannot run in the order in which it is written. */
export const requestPath = (steps: readonly Step[]): RequestPath => {
  const order = steps.map(({ stage }) => STAGES.indexOf(stage));
  if (order.some((stage, at) => stage < (order[at - 1] ?? 0)))
    throw new TypeError('expected requests before documents before operations');
  return {
    enter: async (exchange) => {
      let known = exchange;
      for (const step of steps) if (step.stage === 'request') known = await step.run(known);
      return known;
    },
    rules: steps.flatMap((step) => (step.stage === 'document' ? step.rule : [])),
    operationSteps: steps.flatMap((step) => (step.stage === 'operation' ? step.run : [])),
  };
};

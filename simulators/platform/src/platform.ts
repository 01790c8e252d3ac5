/**
 * The imitated platform: the path of one request, from its arrival to what its client gets to see of it.
 */
import { type Arrival, arrive, type Generation, versionOf } from './arrival.ts';
import { answerAfter, answerBefore, serverError } from './broken.ts';
import type { Contract } from './contract/contract.ts';
import type { Guard } from './contract/guard.ts';
import type { Answer, Received } from './exchange.ts';
import type { Fault } from './faults.ts';
import { type AnswerSigner, chooseBreach } from './integrity/sign-answer.ts';
import type { RequestVerifier } from './integrity/verify-request.ts';
import { refusal } from './v1/envelope.ts';
import { minorVersion } from './v2/about.ts';
import { problem } from './v2/problem.ts';
import { senderOf } from './v2/v2.ts';

/** What the client gets: an answer, silence, or a reset connection. */
export type Outcome = { kind: 'answer'; answer: Answer } | { kind: 'silence' } | { kind: 'reset' };

export type Platform = {
  /** `abort` is called when the request's site goes down while it is being served. */
  serve(received: Received, abort: () => void): Promise<Outcome>;
  /** Ends what is being served for a site, unanswered. */
  abort(siteId: number): void;
  /** For a body that is larger than anybody takes. */
  refuseTooLarge(received: Received): Promise<Outcome>;
};

/** Of what is slow or held up, unless the fault says otherwise. */
const SLOW_MS = 1000;

const siteOutage = ({ generation, siteIds }: Arrival): Outcome | undefined => {
  for (const siteId of siteIds) {
    const mode = generation.simulation.outages.get(siteId);
    if (mode) return { kind: mode === 'hang' ? 'silence' : 'reset' };
  }
  return undefined;
};

/** The connection of an unanswered request: left alone, or reset after a time. */
const unanswered = async ({ ms }: Fault, { generation }: Arrival): Promise<Outcome> => {
  if (ms === undefined) return { kind: 'silence' };
  await generation.simulation.timers.after(ms);
  return { kind: 'reset' };
};

/** The headers that every answer of a version carries, whatever went wrong. */
const versionHeaders = ({ apiVersion, generation }: Arrival): Record<string, string> => {
  if (apiVersion === 'v1') return generation.v1.headers();
  return apiVersion === 'v2' ? { 'API-Version': minorVersion() } : {};
};

export const createPlatform = (deps: {
  contract: () => Contract;
  guard: Guard;
  verify: RequestVerifier;
  signer: AnswerSigner;
  current: () => Generation;
  failed: (error: unknown) => void;
  /** Resolves when what has happened so far will be remembered. */
  onDisk: () => Promise<void>;
}): Platform => {
  const { contract, guard, verify, signer, current, failed, onDisk } = deps;
  const beingServed = new Set<{ siteIds: readonly number[]; abort: () => void }>();

  /** Asked now, before the platform may stand still: a request is as old as it was when it came. */
  const comes = async (received: Received): Promise<Arrival> => {
    const verdict = versionOf(received.path) === 'v2' ? await verify(received) : null;
    return arrive(received, verdict, current(), contract());
  };

  const answered = async (arrival: Arrival, answer: Answer, fault?: Fault): Promise<Outcome> => {
    const { apiVersion, received, generation } = arrival;
    const finished = { ...answer, headers: { ...versionHeaders(arrival), ...answer.headers } };
    guard.checkAnswer(arrival, finished);
    if (apiVersion !== 'v2') return { kind: 'answer', answer: finished };
    const breach = fault?.kind === 'bad-signature' ? chooseBreach(generation.simulation.chance) : undefined;
    return { kind: 'answer', answer: await signer.sign(finished, received, breach) };
  };

  const answerOf = async (arrival: Arrival): Promise<Answer> => {
    const { generation, received, apiVersion, verdict, traceId, route, siteIds } = arrival;
    const sender = verdict && senderOf(received, verdict, traceId);
    if (sender && 'status' in sender) return sender;
    if (!route) {
      guard.noteRequest(arrival, [{ at: 'path', rule: 'must be one that the contract lists' }]);
      return apiVersion === 'v1' ? refusal(404, 'notFound') : problem('not-found', { traceId });
    }
    const { body, check } = guard.openRequest(arrival, route);
    if (apiVersion === 'v1') return generation.v1.answer({ received, route, traceId, body, check });
    return generation.v2.answer({ received, sender, route, siteIds, traceId, body, check });
  };

  /** A fault that ends the request before anything has happened. */
  const meetBefore = async (fault: Fault, arrival: Arrival): Promise<Outcome | undefined> => {
    if (fault.kind === 'reset-before') return { kind: 'reset' };
    if (fault.kind === 'timeout-before') return unanswered(fault, arrival);
    const answer = answerBefore(fault, arrival.apiVersion, arrival.traceId);
    return answer && answered(arrival, answer);
  };

  /** A fault that ends the request when everything has happened. What was promised is waited for. */
  const meetAfter = async (fault: Fault | undefined, answer: Answer, arrival: Arrival): Promise<Outcome> => {
    if (fault?.kind === 'slow') await arrival.generation.simulation.timers.after(fault.ms ?? SLOW_MS);
    answer.concluded?.();
    if (!fault?.kind.endsWith('-after-effect'))
      return answered(arrival, fault ? answerAfter(fault, answer) : answer, fault);
    await answer.settled;
    if (fault.kind === '500-after-effect') return answered(arrival, serverError(arrival.apiVersion));
    return fault.kind === 'reset-after-effect' ? { kind: 'reset' } : unanswered(fault, arrival);
  };

  const outcomeOf = async (arrival: Arrival): Promise<Outcome> => {
    const { simulation } = arrival.generation;
    // Order matters: a platform that stands still notices nothing, not even that a site is down.
    await simulation.stall.passed();
    const outage = siteOutage(arrival);
    if (outage) return outage;
    const { method, path } = arrival.received;
    const fault = simulation.faults.pick({ method, path, apiVersion: arrival.apiVersion, siteIds: arrival.siteIds });
    const ended = fault && (await meetBefore(fault, arrival));
    if (ended) return ended;
    if (fault?.kind === 'held-up') await simulation.timers.after(fault.ms ?? SLOW_MS);
    const answer = await answerOf(arrival).catch((error: unknown) => {
      failed(error);
      return { ...serverError(arrival.apiVersion), deliberate: false };
    });
    return meetAfter(fault, answer, arrival);
  };

  return {
    async serve(received, abort) {
      const arrival = await comes(received);
      const serving = { siteIds: arrival.siteIds, abort };
      beingServed.add(serving);
      try {
        const outcome = await outcomeOf(arrival);
        // Nobody is told of an effect, and be it by a reset connection, that a crash could take back.
        await onDisk();
        return outcome;
      } finally {
        beingServed.delete(serving);
      }
    },
    abort(siteId) {
      for (const { siteIds, abort } of beingServed) if (siteIds.includes(siteId)) abort();
    },
    async refuseTooLarge(received) {
      // Its bytes are gone: nobody can say what their digest was.
      const unread =
        versionOf(received.path) === 'v2' ? ({ valid: false, reason: 'the body is too large' } as const) : null;
      const arrival = arrive(received, unread, current(), contract());
      guard.noteRequest(arrival, [{ at: 'body', rule: 'must be at most 1 MiB' }]);
      const { apiVersion, traceId } = arrival;
      const answer = apiVersion === 'v1' ? refusal(413, 'payloadTooLarge') : problem('payload-too-large', { traceId });
      return answered(arrival, { ...answer, deliberate: true });
    },
  };
};

/**
 * When the answer to an addition leaves says how busy the house is, and nothing about the plate: it leaves at the next
 * multiple of 50 ms after the request came in, the whole answer at once. What an addition does is the same whatever the
 * plate, so a plate does not move it into another step either.
 */
import type { Subgraph } from '@house/kernel/subgraph';
import { createDeadline, REQUEST_LIMIT_MS } from '@house/kernel/subgraph';

export const ANSWER_STEP_MS = 50;

/** A timer may be a millisecond off; the rest is waited for turn by turn. */
const TIMER_IS_OFF_MS = 2;

/** Until then by a clock that nobody sets. */
const waitUntil = async (end: number): Promise<void> => {
  const wait = end - performance.now() - TIMER_IS_OFF_MS;
  if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
  while (performance.now() < end) await new Promise((resolve) => setImmediate(resolve));
};

const ADDS = /\baddVehicle\b/;

/** Everything else is answered as soon as it is known, and so is what has no time left for a step. */
export const answerInSteps = (subgraph: Subgraph): Subgraph => ({
  name: subgraph.name,
  execute: async (request) => {
    if (!ADDS.test(request.query)) return subgraph.execute(request);
    const begun = performance.now();
    const deadline = request.deadline ?? createDeadline(REQUEST_LIMIT_MS);
    try {
      return await subgraph.execute({ ...request, deadline });
    } finally {
      const wait = ANSWER_STEP_MS - ((performance.now() - begun) % ANSWER_STEP_MS);
      if (wait < deadline.leftMs()) await waitUntil(performance.now() + wait);
    }
  },
});

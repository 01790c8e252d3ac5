import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createSigningPair, digestOf, signAnswer } from '../test/played-platform.ts';
import { createExchange, type Exchange, isBaseRight, TAMPERED_ANSWERS, type Tools } from '../test/tampered-answers.ts';
import { createVerifyAnswer, type VerifyAnswer } from './verify-answer.ts';

const NOW = new Date('2026-03-01T12:00:00Z');
const CASES = 100;
const [current, next] = [createSigningPair('platform-1'), createSigningPair('platform-2')];

const start = (now: () => Date = () => NOW): VerifyAnswer =>
  createVerifyAnswer({
    signingKeys: () => new Map([current, next].map(({ kid, publicKey }) => [kid, publicKey])),
    clock: now,
  });
const judge = (verifyAnswer: VerifyAnswer, { asked, status, headers, body }: Exchange): Promise<string | undefined> =>
  verifyAnswer({
    request: { method: asked.method, target: new URL(asked.url), contentDigest: asked.contentDigest },
    status,
    headers,
    body,
  });
/** Draws each case anew from one number. */
const toolsOf = (gen: fc.GeneratorValue): Tools => ({
  now: NOW,
  current,
  next,
  pick: (limit) => gen(fc.nat, { max: limit - 1 }),
});

test('there are at least twenty ways to tamper with an answer', () => {
  expect(Object.keys(TAMPERED_ANSWERS).length).toBeGreaterThanOrEqual(20);
});

test.each(Object.entries(TAMPERED_ANSWERS))(
  '%s is never believed, and what it was made of always is',
  async (_, tamper) => {
    await fc.assert(
      fc.asyncProperty(fc.gen(), async (gen) => {
        const tools = toolsOf(gen);
        const honest = await createExchange(tools);
        const tampered = await tamper(honest, tools);
        expect(isBaseRight(honest, tools)).toBe(true);
        expect(tampered).not.toEqual(honest);
        expect(await judge(start(), tampered)).toEqual(expect.any(String));
        expect(await judge(start(), honest)).toBeUndefined();
      }),
      { numRuns: CASES, seed: 421 },
    );
  },
);

test('an answer is believed once: a second time it is somebody who has kept it', async () => {
  let now = NOW;
  const verifyAnswer = start(() => now);
  await fc.assert(
    fc.asyncProperty(fc.gen(), async (gen) => {
      const exchange = await createExchange({ ...toolsOf(gen), now });
      expect(await judge(verifyAnswer, exchange)).toBeUndefined();
      for (const seconds of [0, 30, 64]) {
        now = new Date(now.getTime() + seconds * 1_000);
        expect(await judge(verifyAnswer, exchange)).toEqual(expect.any(String));
      }
    }),
    { numRuns: CASES, seed: 421 },
  );
});

test('what is wrong is said in one word', async () => {
  const tools = toolsOf(fc.sample(fc.gen(), { numRuns: 1, seed: 1 })[0] as fc.GeneratorValue);
  const reasonOf = async (name: string): Promise<string | undefined> => {
    const honest = await createExchange(tools);
    return judge(start(), (await TAMPERED_ANSWERS[name]?.(honest, tools)) ?? honest);
  };
  expect(await reasonOf('no signature at all')).toBe('unsigned');
  expect(await reasonOf('no body')).toBe('digest');
  expect(await reasonOf('signed without its own digest')).toBe('components');
  expect(await reasonOf('a key that nobody knows')).toBe('key-unknown');
  expect(await reasonOf("a stranger's key under a known name")).toBe('VerificationFailed');
});

test('the clocks of the two may differ by five seconds, and an answer may take a minute', async () => {
  const asked = { method: 'GET', url: 'https://platform.test/api/v2/sites', contentDigest: digestOf('') };
  const judgeAt = async (seconds: number): Promise<string | undefined> => {
    const created = new Date(NOW.getTime() + seconds * 1_000);
    const headers = await signAnswer(asked, { status: 200, body: '' }, { pair: current, created });
    return judge(start(), { asked, sent: Buffer.alloc(0), status: 200, headers, body: Buffer.alloc(0) });
  };
  expect(await Promise.all([-65, -60, 0, 5].map(judgeAt))).toEqual([undefined, undefined, undefined, undefined]);
  expect(await Promise.all([-66, 6].map(judgeAt))).toEqual(['PolicyViolation', 'PolicyViolation']);
});

test('the next key counts as soon as it is published, and the former until it is taken away', async () => {
  const tools = toolsOf(fc.sample(fc.gen(), { numRuns: 1, seed: 2 })[0] as fc.GeneratorValue);
  let published = [current];
  let known = published;
  const verifyAnswer = createVerifyAnswer({
    // As from a file that is looked at once a second unless somebody insists.
    signingKeys: (maxAgeMs) => {
      if (maxAgeMs === 0) known = published;
      return new Map(known.map(({ kid, publicKey }) => [kid, publicKey]));
    },
    clock: () => NOW,
  });
  const judgeBy = async (pair: typeof current) =>
    judge(verifyAnswer, await createExchange({ ...tools, current: pair }));
  expect(await judgeBy(next)).toBe('key-unknown');
  published = [current, next];
  expect([await judgeBy(next), await judgeBy(current)]).toEqual([undefined, undefined]);
  published = known = [next];
  expect([await judgeBy(next), await judgeBy(current)]).toEqual([undefined, 'key-unknown']);
});

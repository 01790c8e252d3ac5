/**
 * Answers of v2 as they leave: every one, refusals and empty ones too, with `Content-Digest` (RFC 9530) and a signature
 * (RFC 9421 §2.4) that binds it to the request that it answers. A request without `Content-Digest` is refused, and the
 * refusal is bound to its method and path alone.
 */
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import type { Clock } from '@house/kernel/clock';
import { createSigner, httpbis } from 'http-message-signatures';
import type { Chance } from '../chance.ts';
import { type Answer, contentOf, type Received } from '../exchange.ts';
import { ALGORITHM, messageOf, RESPONSE_COMPONENTS, RESPONSE_PARAMETERS, targetComponent } from './components.ts';
import { contentDigestOf } from './content-digest.ts';

/** What the fault `bad-signature` may do to an answer. */
const BREACHES = ['wrong-key', 'other-body', 'missing', 'uncovered'] as const;
export type Breach = { kind: (typeof BREACHES)[number]; component: string };

/** One at random, from the simulation's own chance: the same seed breaks the same answers alike. */
export const chooseBreach = (chance: Chance): Breach => {
  const pick = <Item>(items: readonly [Item, ...Item[]]): Item =>
    items[Math.floor(chance() * items.length)] ?? items[0];
  return { kind: pick(BREACHES), component: pick(RESPONSE_COMPONENTS) };
};

export type AnswerSigner = {
  sign(answer: Answer, received: Received, breach?: Breach): Promise<Answer>;
};

export const createAnswerSigner = (deps: {
  clock: Clock;
  /** Asked for each answer: it may be another one after a rotation. */
  key: () => { kid: string; privateKey: KeyObject };
}): AnswerSigner => {
  const { clock, key } = deps;
  let forged: KeyObject | undefined;
  const keyFor = (breach: Breach | undefined) => {
    const { kid, privateKey } = key();
    if (breach?.kind !== 'wrong-key') return createSigner(privateKey, ALGORITHM, kid);
    forged ??= generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
    return createSigner(forged, ALGORITHM, kid);
  };
  const componentsFor = (received: Received, breach: Breach | undefined): string[] =>
    RESPONSE_COMPONENTS.filter(
      (component) =>
        (component !== 'content-digest;req' || received.headers['content-digest'] !== undefined) &&
        (breach?.kind !== 'uncovered' || breach.component !== component),
    );

  return {
    async sign(answer, received, breach) {
      const content = contentOf(answer);
      const digested = breach?.kind === 'other-body' ? Buffer.from(`${content ?? ''} `) : (content ?? Buffer.alloc(0));
      const headers = { ...answer.headers, 'Content-Digest': contentDigestOf(digested) };
      const sealed = { ...answer, headers, ...(content === undefined ? {} : { bytes: content }) };
      if (breach?.kind === 'missing') return sealed;
      const signed = await httpbis.signMessage(
        {
          key: keyFor(breach),
          name: 'platform',
          params: [...RESPONSE_PARAMETERS],
          paramValues: { created: clock() },
          fields: componentsFor(received, breach),
          componentParser(name, parameters) {
            const value = parameters.has('req') ? targetComponent(name, received) : undefined;
            return value === undefined ? null : [value];
          },
        },
        { status: answer.status, headers },
        messageOf(received),
      );
      return { ...sealed, headers: signed.headers };
    },
  };
};

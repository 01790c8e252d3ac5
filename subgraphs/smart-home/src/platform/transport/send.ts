/** One request on its way, as final bytes: signed where the contract asks for it, and its answer proven before it is one. */
import type { Clock } from '@house/kernel/clock';
import { request } from 'undici';
import type { PlatformAnswer, PlatformRequest } from '../client.ts';
import { networkFault, PlatformFault, TOO_LATE, UNPROVEN } from '../faults.ts';
import type { Alarms } from './alarms.ts';
import type { Channel } from './channels.ts';
import { type Departure, orAborted, watchDeparture } from './departure.ts';
import type { SignRequest } from './sign-request.ts';
import type { VerifyAnswer } from './verify-answer.ts';

/** @throws PlatformFault when there is no answer, or one that is not proven. */
export type Send = (asked: PlatformRequest, channel: Channel) => Promise<PlatformAnswer>;

const NOTHING = Buffer.alloc(0);

const contentOf = ({ headers, json, form }: PlatformRequest) => {
  const text = json === undefined ? form && new URLSearchParams(form).toString() : JSON.stringify(json);
  const type = json === undefined ? form && 'application/x-www-form-urlencoded' : 'application/json';
  return {
    headers: { accept: 'application/json', ...(type && { 'content-type': type }), ...headers },
    body: text === undefined ? undefined : Buffer.from(text),
  };
};

export const createSend =
  ({
    url,
    sign,
    verify,
    alarms,
    clock,
  }: {
    url: string;
    sign: SignRequest;
    verify: VerifyAnswer;
    alarms: Alarms;
    clock: Clock;
  }): Send =>
  async (asked, channel) => {
    const { method, path, route, signal, notAfter, signed } = asked;
    const target = new URL(url + path);
    const { headers, body } = contentOf(asked);
    // Nothing of the request changes any more, and the time that this takes counts for its departure.
    const proof = signed ? sign({ method, target, headers, body: body ?? NOTHING }) : undefined;
    const departure: Departure = { begun: false };
    const isTooLate = (): boolean => notAfter !== undefined && clock() >= notAfter;

    const exchange = async () => {
      const answer = await request(target, {
        method,
        dispatcher: channel.dispatcher.compose(watchDeparture(departure, isTooLate)),
        signal,
        headers: { ...headers, ...proof },
        ...(body && { body }),
      });
      return { status: answer.statusCode, headers: answer.headers, body: await answer.body.bytes() };
    };
    const answer = await orAborted(exchange(), signal).catch((error: unknown) => {
      const isLate = !departure.begun && isTooLate();
      throw new PlatformFault(isLate ? TOO_LATE : networkFault(error, departure.begun ? 'possible' : 'unsent'), error);
    });

    if (proof) {
      const doubt = await verify({ request: { method, target, contentDigest: proof['content-digest'] }, ...answer });
      if (doubt) {
        alarms.unproven(doubt, { method, route, status: answer.status });
        throw new PlatformFault(UNPROVEN, new Error(`the answer is not proven: ${doubt}`));
      }
      alarms.proven();
    }
    return { status: answer.status, headers: answer.headers, text: new TextDecoder().decode(answer.body) };
  };

/**
 * Whether the client takes an answer of ours. Apollo Server looks only when the answer is made: a door would be open by
 * then, and the client told that its request was not acceptable.
 */
import { MIMEType } from 'node:util';
import { HttpRefusal } from '../refusal.ts';
import type { RequestStep } from '../request-path.ts';

/** The two media types of an answer. */
const ANSWER_TYPES = ['application/json', 'application/graphql-response+json'] as const;

/** No client names more; each costs time. */
const RANGES_READ = 50;

const parseMediaType = (text: string): MIMEType | undefined => {
  try {
    return new MIMEType(text.trim());
  } catch {
    return undefined;
  }
};

/** How closely a media range of `Accept` names a type that is sent in UTF-8; 0: not at all (RFC 9110 §12.5.1). */
const closeness = ({ essence, params }: MIMEType, type: string): number => {
  const others = [...params].filter(([name, value]) => name !== 'q' && !(name === 'charset' && /^utf-8$/i.test(value)));
  return others.length > 0 ? 0 : 1 + ['*/*', 'application/*', type].indexOf(essence);
};

const acceptsAnswer = (accept: string | undefined): boolean => {
  if (!accept) return true;
  const ranges = accept.split(',', RANGES_READ).flatMap((text) => parseMediaType(text) ?? []);
  return ANSWER_TYPES.some((type) => {
    const [closest] = ranges.toSorted((one, other) => closeness(other, type) - closeness(one, type));
    return closest !== undefined && closeness(closest, type) > 0 && Number(closest.params.get('q') ?? 1) > 0;
  });
};

/** @throws HttpRefusal 406. */
export const accept: RequestStep = async (exchange) => {
  if (acceptsAnswer(exchange.incoming.headers.accept)) return exchange;
  throw new HttpRefusal('BAD_USER_INPUT', { status: 406, message: `Accept ${ANSWER_TYPES.join(' or ')}.` });
};

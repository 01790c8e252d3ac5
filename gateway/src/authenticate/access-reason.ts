import { HttpRefusal } from '../refusal.ts';

const REASON_LIMIT = 500;

const decode = (value: string): string => {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
};

const isReadable = (reason: string): boolean => reason.length <= REASON_LIMIT && !/\p{Cc}/u.test(reason);

/**
 * Why a member of staff asks, from the header `Access-Reason`: printable ASCII as it is, anything else as
 * percent-encoded UTF-8, at most 500 characters after decoding.
 * @throws HttpRefusal `BAD_USER_INPUT` when it is longer or has control characters.
 */
export const readAccessReason = (value: string | undefined): string | undefined => {
  if (value === undefined) return undefined;
  const reason = /^[\x20-\x7e]*$/.test(value) ? decode(value).trim() : undefined;
  if (reason === undefined || !isReadable(reason))
    throw new HttpRefusal('BAD_USER_INPUT', {
      message: `Access-Reason has at most ${REASON_LIMIT} characters, without control characters; percent-encode what is not ASCII.`,
    });
  return reason || undefined;
};

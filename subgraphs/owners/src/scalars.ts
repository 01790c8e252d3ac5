/** The scalars that only the owners' SDL has. */
import { GraphQLError, GraphQLScalarType } from 'graphql';

/** E.164, with the shortest and longest numbers in use. */
const E_164 = /^\+[1-9]\d{6,14}$/;

/** All but the last two digits masked, in one shape for all lengths; only the Russian country code stays. */
const maskPhone = (phone: string): string => {
  if (!E_164.test(phone)) throw new TypeError('expected a phone number in E.164');
  return `${phone.startsWith('+7') ? '+7' : '+*'} *** ***-**-${phone.slice(-2)}`;
};

const outputOnly = (): never => {
  throw new GraphQLError('a masked phone number is only ever an answer');
};

/** Takes the phone in clear and lets only its mask out, so that no resolver can forget to. */
export const PhoneMasked = new GraphQLScalarType<never, string>({
  name: 'PhoneMasked',
  serialize: (value) => {
    if (typeof value !== 'string') throw new TypeError(`expected a phone number but got ${typeof value}`);
    return maskPhone(value);
  },
  parseValue: outputOnly,
  parseLiteral: outputOnly,
});

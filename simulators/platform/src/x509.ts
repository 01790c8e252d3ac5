/** @peculiar/x509 on the platform's own WebCrypto. Its container (tsyringe) needs `reflect-metadata` to be there first. */
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';

x509.cryptoProvider.set(webcrypto as unknown as Parameters<typeof x509.cryptoProvider.set>[0]);

export { x509 };

/** What is seen from outside: the public address, the administration's, and what a person may read of an error. */
export { createAdministration } from './administration.ts';
export { createPresentError, isUnexplained } from './present-error.ts';
export type { Explorer } from './serve-explorer.ts';
export { type Asking, createServeRequests, ENDPOINT } from './serve-requests.ts';

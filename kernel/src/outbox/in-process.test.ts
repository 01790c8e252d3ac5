import { dispatcherConforms } from './dispatcher-conformance.ts';
import { createInProcessDispatcher } from './outbox.ts';

dispatcherConforms('in-process', createInProcessDispatcher);

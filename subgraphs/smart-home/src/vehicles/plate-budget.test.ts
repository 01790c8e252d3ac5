import { openDatabase } from '@house/kernel/database';
import { plateBudgetConforms } from './plate-budget-conforms.ts';

plateBudgetConforms('PGlite', () => openDatabase({ directory: 'memory' }));

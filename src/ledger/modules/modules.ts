/** All modules that this release has. The genesis of a chain, and votes on it, say which of them it runs. */
import type { LedgerModule } from '../types.ts'
import { accounts } from './accounts/accounts.ts'
import { names } from './names/names.ts'

export const ledgerModules: readonly LedgerModule[] = [accounts, names]

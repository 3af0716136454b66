/** All modules that this release has. The genesis of a chain, and votes on it, say which of them it runs. */
import type { LedgerModule } from '../types.ts'
import { accounts } from './accounts/accounts.ts'
import { admission } from './admission/admission.ts'
import { applications } from './applications/applications.ts'
import { authority } from './authority/authority.ts'
import { claims } from './claims/claims.ts'
import { directory } from './directory/directory.ts'
import { governance } from './governance/governance.ts'
import { identity } from './identity/identity.ts'
import { links } from './links/links.ts'
import { names } from './names/names.ts'
import { registries } from './registries/registries.ts'

export const ledgerModules: readonly LedgerModule[] = [
  accounts,
  admission,
  authority,
  links,
  names,
  registries,
  applications,
  governance,
  claims,
  identity,
  directory,
]

/** `chordns ledger`: who may join, who owns a name: founding, looking, taking part. */
import type { Command } from 'commander'
import { addAdmittingCommands } from './admitting.ts'
import { addCertifyingCommands } from './certifying.ts'
import { addExportCommand } from './exporting.ts'
import { addFoundingCommands } from './founding.ts'
import { addGoverningCommands } from './governing.ts'
import { addLinkCommand } from './linking.ts'
import { addLookingCommands } from './looking.ts'
import { addNamesCommand } from './naming.ts'
import { addProvingCommands } from './proving.ts'
import { addRegistrarCommand } from './registrar.ts'
import { addRootKeysCommand } from './root-keys.ts'
import { addLedgerStartCommand } from './starting.ts'
import { addTldActCommands } from './tld-acts.ts'
import { addTldsCommand } from './tlds.ts'

export function addLedgerCommands(program: Command): void {
  const ledger = program.command('ledger').description('the ledgers of the ring: who may join, who owns a name')
  addFoundingCommands(ledger)
  addLedgerStartCommand(ledger)
  addLookingCommands(ledger)
  addAdmittingCommands(ledger)
  addProvingCommands(ledger)
  addTldsCommand(ledger)
  addTldActCommands(ledger)
  addExportCommand(ledger)
  addRegistrarCommand(ledger)
  addCertifyingCommands(ledger)
  addGoverningCommands(ledger)
  addNamesCommand(ledger)
  addRootKeysCommand(ledger)
  addLinkCommand(ledger)
}

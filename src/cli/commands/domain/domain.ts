/** `chordns domain`: names on a ledger, by their owner. */
import type { Command } from 'commander'
import { addCertifiersCommand } from './certifiers.ts'
import { addChangingCommands } from './changing.ts'
import { addClaimingCommands } from './claiming.ts'
import { addGuardingCommands } from './guarding.ts'
import { addDomainKeygenCommand } from './keygen.ts'
import { addLivingCommands } from './living.ts'
import { addProvingCommands } from './proving.ts'
import { addSiteCommands } from './sites.ts'

export function addDomainCommands(program: Command): void {
  const domain = program.command('domain').description('names on a ledger: keys, registering, changing, proving')
  addDomainKeygenCommand(domain)
  addChangingCommands(domain)
  addClaimingCommands(domain)
  addLivingCommands(domain)
  addGuardingCommands(domain)
  addProvingCommands(domain)
  addSiteCommands(domain)
  addCertifiersCommand(domain)
}

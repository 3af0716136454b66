/** `chordns domain`: names on a ledger, by their owner. */
import type { Command } from 'commander'
import { addCertifiersCommand } from './certifiers.ts'
import { addChangingCommands } from './changing.ts'
import { addDomainKeygenCommand } from './keygen.ts'
import { addProvingCommands } from './proving.ts'

export function addDomainCommands(program: Command): void {
  const domain = program.command('domain').description('names on a ledger: keys, registering, changing, proving')
  addDomainKeygenCommand(domain)
  addChangingCommands(domain)
  addProvingCommands(domain)
  addCertifiersCommand(domain)
}

/** `chordns domain`: names on a ledger, by their owner. */
import type { Command } from 'commander'
import { addDomainKeygenCommand } from './keygen.ts'

export function addDomainCommands(program: Command): void {
  const domain = program.command('domain').description('names on a ledger: keys, registering, changing, proving')
  addDomainKeygenCommand(domain)
}

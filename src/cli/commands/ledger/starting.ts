/** `chordns ledger start`: a node that does its part for ledgers, and answers no stub. */
import type { Command } from 'commander'
import { ChordnsError } from '../../../base/index.ts'
import { collect, examples, jsonOption } from '../../common/command.ts'
import { configOptions, loadConfigFrom } from '../../common/config-option.ts'
import { print, printJson } from '../../common/table.ts'
import { logOptions, runNode, type StartFlags, withLogFlags } from '../../running/run.ts'

type LedgerStartFlags = StartFlags & { readonly role?: readonly string[]; readonly json?: boolean }

export function addLedgerStartCommand(ledger: Command): void {
  const start = logOptions(jsonOption(configOptions(ledger.command('start'))))
  examples(start, [
    'chordns ledger start',
    'chordns ledger start --role validator --config /etc/chordns/validator.json',
  ])
    .description('run a node for its ledgers alone: it answers no stub; `chordns start` does both')
    .option('--role <role>', 'what it does for the ledgers, instead of ledger.roles (repeatable)', collect)
    .action((flags: LedgerStartFlags) =>
      runNode(
        () => loadAlone(flags),
        (line) => (flags.json ? printJson(readyOf(line)) : print(line)),
      ),
    )
}

/** Throws USAGE when nothing says what it is to do. */
function loadAlone(flags: LedgerStartFlags) {
  const roles = flags.role === undefined ? [] : [`ledger.roles=${JSON.stringify(flags.role)}`]
  const alone = ['listen={"udp":[],"tcp":[]}', ...roles]
  const withFlags = withLogFlags(flags)
  const { config } = loadConfigFrom({ ...withFlags, set: [...(withFlags.set ?? []), ...roles] })
  if (config.ledger.roles.length === 0)
    throw new ChordnsError(
      'USAGE',
      'this node has no part in a ledger: set ledger.roles, or give one with --role, such as --role validator',
      {},
    )
  return loadConfigFrom({ ...withFlags, set: [...(withFlags.set ?? []), ...alone] })
}

/** `ready a=b c=d` as an object; lists that are empty are left out. */
function readyOf(line: string): Record<string, string | boolean> {
  const fields = line
    .split(' ')
    .slice(1)
    .map((field) => field.split('=') as [string, string])
  return { ready: true, ...Object.fromEntries(fields.filter(([, value]) => value !== '')) }
}

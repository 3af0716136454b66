/** The command line: parses, runs one command, and turns what was thrown into a line on stderr and an exit code. */
import { Command, CommanderError } from 'commander'
import { ChordnsError, errorText, systemCodeOf } from '../base/index.ts'
import { addCacheCommands } from './commands/cache.ts'
import { addChainCommands } from './commands/chain.ts'
import { addChunksCommands } from './commands/chunks.ts'
import { addCompletionCommand } from './commands/completion.ts'
import { addConfigCommands } from './commands/config.ts'
import { addDevicesCommand } from './commands/devices.ts'
import { addDomainCommands } from './commands/domain/domain.ts'
import { addHomeCommands } from './commands/home.ts'
import { addHostsCommands } from './commands/hosts.ts'
import { addInviteCommands } from './commands/invite.ts'
import { addKeygenCommand } from './commands/keygen.ts'
import { addLedgerCommands } from './commands/ledger/ledger.ts'
import { addLookupCommand } from './commands/lookup.ts'
import { addRingCommands } from './commands/ring.ts'
import { addSetupCommand } from './commands/setup.ts'
import { addStartCommand } from './commands/start.ts'
import { addStatusCommand } from './commands/status.ts'
import { addTlsCommands } from './commands/tls.ts'
import { endWithOutput } from './common/output.ts'
import { version } from './common/version.ts'

/** 0 ok, 1 failure, 2 usage or configuration. */
export async function main(argv: readonly string[]): Promise<number> {
  const program = new Command('chordns')
    .description('A recursive DNS resolver that nobody owns.')
    .version(version())
    .showSuggestionAfterError()
    .configureHelp({ sortSubcommands: false })
    .addHelpText(
      'after',
      `
Examples:
  chordns start                                run a resolver with ./resolver.config.json or the defaults
  chordns lookup example.com AAAA --explain    ask the running node, and see the way the answer came
  chordns status --json                        what the running node is doing
  chordns config check                         is the configuration right?

Every command has --help. Exit codes: 0 ok, 1 failure, 2 usage or configuration.`,
    )
  addStartCommand(program)
  addSetupCommand(program)
  addLookupCommand(program)
  addStatusCommand(program)
  addCacheCommands(program)
  addHomeCommands(program)
  addDevicesCommand(program)
  addRingCommands(program)
  addChunksCommands(program)
  addChainCommands(program)
  addInviteCommands(program)
  addLedgerCommands(program)
  addDomainCommands(program)
  addTlsCommands(program)
  addKeygenCommand(program)
  addConfigCommands(program)
  addHostsCommands(program)
  addCompletionCommand(program)
  forEachCommand(program, (command) => command.exitOverride())
  endWithOutput()
  try {
    await program.parseAsync([...argv], { from: 'user' })
    return 0
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
    if (error instanceof ChordnsError) {
      process.stderr.write(`chordns: ${error.message}\n`)
      return isUsage(error.code) ? 2 : 1
    }
    // A disk or a socket that fails is nothing that a stack trace explains. What is left is a fault of this program.
    if (systemCodeOf(error) === undefined) throw error
    process.stderr.write(`chordns: ${errorText(error)}\n`)
    return 1
  }
}

/** Codes of what is wrong in the configuration, or in a file that it names. */
const CONFIGURATION: ReadonlySet<string> = new Set(['USAGE', 'HINTS_EMPTY', 'DNSSEC_BAD_ANCHOR', 'LOCAL_ROOT_BAD'])

function isUsage(code: string): boolean {
  return code.startsWith('CONFIG_') || CONFIGURATION.has(code)
}

function forEachCommand(command: Command, visit: (command: Command) => void): void {
  visit(command)
  for (const child of command.commands) forEachCommand(child, visit)
}

/** The command line: parses, runs one command, and turns what was thrown into a line on stderr and an exit code. */
import { Command, CommanderError } from 'commander'
import { ChordnsError, errorText, systemCodeOf } from '../base/index.ts'
import { endWithOutput } from './common/output.ts'
import { version } from './common/version.ts'
import { addCommands } from './families.ts'

/** 0 ok, 1 failure, 2 usage or configuration. */
export async function main(argv: readonly string[]): Promise<number> {
  const program = await commandLine(argv)
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

/** The commands that `words` are about, whole, with the list of all; `all`: each with its options. */
export async function commandLine(words: readonly string[] | 'all'): Promise<Command> {
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
  await addCommands(program, words)
  return program
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

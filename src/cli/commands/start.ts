/** `chordns start`: runs a node in the foreground until a signal ends it. */
import type { Command } from 'commander'
import { configOptions, loadConfigFrom } from '../common/config-option.ts'
import { print } from '../common/table.ts'
import { logOptions, runNode, type StartFlags, withLogFlags } from '../running/run.ts'

export function addStartCommand(program: Command): void {
  logOptions(configOptions(program.command('start')))
    .description('run a resolver in the foreground; logs go to stderr, one line `ready ...` to stdout')
    .addHelpText(
      'after',
      `
Examples:
  chordns start
  chordns start --config /etc/chordns/resolver.config.json --log-level debug

Stops on SIGTERM and SIGINT after the questions in work are answered; a second signal stops at once.
Reads the configuration again on SIGHUP, and keeps the cache; a wrong one is logged, and the old one stays.`,
    )
    .action((flags: StartFlags) => runNode(() => loadConfigFrom(withLogFlags(flags)), print))
}

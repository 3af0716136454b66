/** `chordns start`: runs a node in the foreground until a signal ends it. */
import type { Command } from 'commander'
import { ChordnsError, errorText } from '../base/index.ts'
import { type ConfigFlags, configOptions, loadConfigFrom } from './config-option.ts'
import { print } from './table.ts'
import { version } from './version.ts'

/** Ms for questions in work when a signal asks to stop, and for the whole stop. */
const DRAIN_MS = 2_000
const STOP_DEADLINE_MS = 8_000

export function addStartCommand(program: Command): void {
  configOptions(program.command('start'))
    .description('run a resolver in the foreground; logs go to stderr, one line `ready ...` to stdout')
    .option('--log-level <level>', 'debug, info, warn or error', 'info')
    .option('--log-queries', 'log the names that are asked (off by default: they are private)')
    .addHelpText(
      'after',
      `
Examples:
  chordns start
  chordns start --config /etc/chordns/resolver.config.json --log-level debug

Stops on SIGTERM and SIGINT after the questions in work are answered; a second signal stops at once.`,
    )
    .action(async (flags: ConfigFlags & { logLevel: string; logQueries?: boolean }) => {
      const { config } = loadConfigFrom(flags)
      const { createLog } = await import('../observe/index.ts')
      const log = createLog({ level: flags.logLevel, logQueries: flags.logQueries ?? false })
      const { startNode } = await import('../peer.ts')
      const node = await startNode({ config, log, version: version() })
      print(node.readyLine)
      log.info({ pid: process.pid }, 'ready')
      const signal = await firstSignal(log)
      log.info({ signal }, 'stopping')
      await withDeadline(node.close(DRAIN_MS))
      log.info({}, 'stopped')
    })
}

function firstSignal(log: { warn(detail: object, message: string): void }): Promise<string> {
  return new Promise((resolve) => {
    let stopping = false
    const onSignal = (signal: string) => {
      if (stopping) process.exit(1)
      stopping = true
      resolve(signal)
    }
    process.on('SIGTERM', onSignal)
    process.on('SIGINT', onSignal)
    process.on('SIGHUP', () => log.warn({}, 'SIGHUP: reload is not built yet; restart to read the configuration again'))
  })
}

async function withDeadline(work: Promise<void>): Promise<void> {
  const timer = setTimeout(() => {
    process.stderr.write('chordns: the stop took too long\n')
    process.exit(1)
  }, STOP_DEADLINE_MS)
  try {
    await work
  } catch (error) {
    throw new ChordnsError('STOP_FAILED', `the stop was not clean: ${errorText(error)}`, {}, { cause: error })
  } finally {
    clearTimeout(timer)
  }
}

/** A node in the foreground, until a signal ends it. */
import type { Command } from 'commander'
import { ChordnsError, errorText, type Log } from '../../base/index.ts'
import type { LoadedConfig } from '../../config/index.ts'
import type { RunningNode } from '../../peer/node.ts'
import type { ConfigFlags } from '../common/config-option.ts'
import { goOnWithoutOutput } from '../common/output.ts'
import { version } from '../common/version.ts'
import { createGuard } from './guard.ts'
import { giveBackWhenIdle, idleMemoryOf } from './idle-memory.ts'
import { createReload, logFaults } from './reload.ts'

/** Ms for questions in work when a signal asks to stop, and for the whole stop. */
const DRAIN_MS = 2_000
const STOP_DEADLINE_MS = 8_000
/** What keeps the process after the stop, a timer or a socket that somebody forgot, is nobody's any more. Ms. */
const LINGER_MS = 2_000

export interface StartFlags extends ConfigFlags {
  readonly logLevel?: string
  readonly logQueries?: boolean
}

export function logOptions(command: Command): Command {
  return command
    .option('--log-level <level>', 'debug, info, warn or error (default: log.level)')
    .option('--log-queries', 'log the names that are asked; they are private (default: log.queries)')
}

/** Resolves when a signal has ended it in order. `load` reads the configuration, again on each SIGHUP. Rejects with what broke the node. */
export async function runNode(load: () => LoadedConfig, sayReady: (line: string) => void): Promise<void> {
  goOnWithoutOutput()
  const started = load()
  const { config } = started
  const { createLog } = await import('../../observe/index.ts')
  const log = await createLog({ level: config.log.level, logQueries: config.log.queries })
  for (const warning of started.warnings) log.warn({}, warning)
  logFaults(log, started.faults)
  let reload: (() => void) | undefined
  // Without a handler the signal would end a node that is still starting.
  process.on('SIGHUP', () => reload?.())
  const { inheritedSockets, startNode, tellSupervisor } = await import('../../peer/node.ts')
  const inherited = inheritedSockets(process.env, process.pid)
  const node = await startNode({ config, log, version: version(), shown: started, inherited })
  guard(node, log)
  reload = createReload({ node, log, started, load })
  // Before anybody hears that it is ready, and may stop it: without a handler the signal would end it at once.
  const signalled = firstSignal()
  sayReady(node.readyLine)
  log.info({ pid: process.pid }, 'ready')
  await tellSupervisor('READY=1')
  giveBackWhenIdle(idleMemoryOf(() => node.frontEnd.stats().queries))
  const reason = await Promise.race([signalled, node.broken])
  if (typeof reason === 'string') log.info({ signal: reason }, 'stopping')
  else log.error({ code: reason.code, error: reason.message }, 'the node cannot go on: stopping')
  await tellSupervisor('STOPPING=1')
  await withDeadline(node.close(DRAIN_MS))
  endSoon(log)
  if (typeof reason !== 'string') throw reason
  log.info({}, 'stopped')
}

/** A node that has stopped ends, with the exit code that it has by then. */
function endSoon(log: Log): void {
  const end = () => {
    log.warn({ left: process.getActiveResourcesInfo() }, 'something was left that kept a stopped node')
    process.exit()
  }
  setTimeout(end, LINGER_MS).unref()
}

/** An uncaught exception ends the node in order, unless it is one that a peer can raise inside the transport library. */
function guard(node: RunningNode, log: Log): void {
  const decide = createGuard()
  process.on('uncaughtException', (error) => {
    log.error(
      { error: errorText(error), stack: error instanceof Error ? error.stack : undefined },
      'nothing caught this',
    )
    if (decide(error) === 'spare') return
    void withDeadline(node.close(DRAIN_MS)).finally(() => process.exit(1))
  })
}

/** The flags are short words for settings. */
export function withLogFlags(flags: StartFlags): ConfigFlags {
  const set = [...(flags.set ?? [])]
  if (flags.logLevel !== undefined) set.push(`log.level=${flags.logLevel}`)
  if (flags.logQueries !== undefined) set.push(`log.queries=${flags.logQueries}`)
  return { ...flags, set }
}

function firstSignal(): Promise<string> {
  return new Promise((resolve) => {
    let stopping = false
    const onSignal = (signal: string) => {
      if (stopping) process.exit(1)
      stopping = true
      resolve(signal)
    }
    process.on('SIGTERM', onSignal)
    process.on('SIGINT', onSignal)
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

/** SIGHUP: reads the configuration again. All that is wrong with it is logged, and then the old one stays in force. */
import { ChordnsError, errorText, type Log } from '../../base/index.ts'
import { type FileFault, type LoadedConfig, type Problem, planReload, refuseFaults } from '../../config/index.ts'
import type { AdjustableLog } from '../../observe/index.ts'
import type { RunningNode } from '../../peer/index.ts'

export interface ReloadDeps {
  readonly node: Pick<RunningNode, 'reload'>
  readonly log: AdjustableLog
  /** What the node was started with. */
  readonly started: LoadedConfig
  /** Reads it anew. Throws CONFIG_*. */
  readonly load: () => LoadedConfig
}

/**
 * Returns what is to be called for each reload; it never rejects, since a running resolver must go on. One that is called for while another is at work
 * comes after it.
 */
export function createReload({ node, log, started, load }: ReloadDeps): () => Promise<void> {
  let inForce = started.settings
  let last = Promise.resolve()
  return () => {
    last = last.then(reload)
    return last
  }

  async function reload(): Promise<void> {
    try {
      const wanted = load()
      // A list that is gone for a moment is no reason to forget its names.
      refuseFaults(wanted.faults.filter(({ isUnread }) => isUnread))
      const plan = planReload(inForce, wanted.settings)
      const { flushed } = await node.reload(wanted.config, { file: wanted.file, settings: plan.inForce })
      log.adjust({ level: wanted.config.log.level, logQueries: wanted.config.log.queries })
      inForce = plan.inForce
      const cache = flushed === 'all' ? 'emptied' : flushed.length === 0 ? 'kept' : 'kept, except for changed zones'
      log.info(
        { file: wanted.file, changed: plan.applied, cache, local: wanted.config.local.stats() },
        'configuration reloaded',
      )
      for (const warning of wanted.warnings) log.warn({}, warning)
      logFaults(log, wanted.faults)
      if (plan.needRestart.length > 0)
        log.warn({ keys: plan.needRestart }, 'these keys have changed, and need a restart to come into force')
    } catch (error) {
      log.error(failure(error), 'configuration not reloaded: the old one stays in force')
    }
  }
}

/** What is passed over in files that others write. All the rest of them is used. */
export function logFaults(log: Pick<Log, 'warn' | 'error'>, faults: readonly FileFault[]): void {
  for (const { path, message, where, isUnread } of faults) {
    const detail = { path, ...(where !== undefined && { where }) }
    if (isUnread) log.error(detail, `${message}; its names are missing until the next reload`)
    else log.warn(detail, `passed over: ${message}`)
  }
}

function failure(error: unknown): object {
  if (!(error instanceof ChordnsError)) return { error: errorText(error) }
  const { problems } = error.detail as { readonly problems?: readonly Problem[] }
  if (problems === undefined) return { code: error.code, error: error.message }
  const lines = problems.map(
    ({ path, message, where }) => `${path}: ${message}${where === undefined ? '' : ` (${where})`}`,
  )
  return { code: error.code, problems: lines }
}

/** A copy of the root zone in a file: its delegations are put into the cache, so that no root server need be asked. */
import type { Cancel, Clock, Log } from '../../base/index.ts'
import { errorText } from '../../base/index.ts'
import type { Cache } from '../../cache/index.ts'
import type { Config } from '../../config/index.ts'
import type { Delegation } from '../../dns/index.ts'
import { readRootZone, recurseLimits, type ValidationOptions } from '../../recurse/index.ts'
import { readConfigFile } from './options.ts'

export interface LocalRoot {
  /** Fills the cache now, and twice a day from the file as it is then. */
  begin(): void
  end(): void
}

export interface LocalRootDeps {
  readonly cache: Pick<Cache, 'putDelegation'>
  readonly clock: Clock
  readonly log: Log
  /** The zone must be signed by the root's keys. Undefined: nothing is validated. */
  readonly validation: ValidationOptions | undefined
}

/**
 * Reads the file at once; where it is of no use, that is logged, and the root servers are asked: the copy only spares them, and
 * its signatures end when nobody renews it. Without `iterator.localRoot` nothing is done.
 */
export function followLocalRoot({ cache, clock, log, validation }: LocalRootDeps, { iterator }: Config): LocalRoot {
  const { localRoot } = iterator
  if (localRoot === undefined) return { begin() {}, end() {} }
  let cancel: Cancel = () => {}
  const read = (): readonly Delegation[] | undefined => {
    try {
      return readConfigFile('iterator.localRoot', localRoot, (text) => readRootZone(text, validation))
    } catch (error) {
      log.error({ error: errorText(error) }, 'the local copy of the root zone is of no use: the root servers are asked')
      return undefined
    }
  }
  const keep = (delegations: readonly Delegation[] | undefined) => {
    if (delegations === undefined) return
    for (const delegation of delegations) cache.putDelegation('main', delegation, clock.now())
    log.info({ delegations: delegations.length }, 'read the local copy of the root zone')
  }
  const again = () => {
    cancel = clock.after(recurseLimits.LOCAL_ROOT_SECONDS * 1000, () => {
      keep(read())
      again()
    })
  }
  const first = read()
  return {
    begin() {
      keep(first)
      again()
    },
    end: () => cancel(),
  }
}

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

/** Reads the file at once, and throws when it is of no use. Without `iterator.localRoot` nothing is done. */
export function followLocalRoot({ cache, clock, log, validation }: LocalRootDeps, { iterator }: Config): LocalRoot {
  const { localRoot } = iterator
  if (localRoot === undefined) return { begin() {}, end() {} }
  let cancel: Cancel = () => {}
  const read = () => readConfigFile('iterator.localRoot', localRoot, (text) => readRootZone(text, validation))
  const keep = (delegations: readonly Delegation[]) => {
    for (const delegation of delegations) cache.putDelegation('main', delegation, clock.now())
    log.info({ delegations: delegations.length }, 'read the local copy of the root zone')
  }
  const again = () => {
    cancel = clock.after(recurseLimits.LOCAL_ROOT_SECONDS * 1000, () => {
      try {
        keep(read())
      } catch (error) {
        log.error(
          { error: errorText(error) },
          'the local copy of the root zone is of no use: the root servers are asked',
        )
      }
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

/**
 * Looks after each block whether names have changed hands, or are hidden by the policy of their TLD or shown again, so that what is known of them goes at once,
 * and not only when somebody asks for the name and passes the caches in front. One proof a block, of the two counts, and one more where names are hidden; what
 * it cannot prove it looks for after the next block.
 */
import { type Cancel, equalBytes, errorText, isChordnsError, type Log, latin1 } from '../../base/index.ts'
import type { BlockHeader, FollowedChain, LedgerView } from '../../chain/index.ts'
import { hiddenLabels } from '../modules/governance/view.ts'
import { handsBetween, handsCount, handsCountKey } from '../modules/names/hands.ts'
import { readProven } from '../proven-state.ts'

export interface HandsWatchHooks {
  /** Whether anything is known of names of a chain: else there is nothing to look for. */
  readonly isOfUse: (chain: FollowedChain) => boolean
  /** These have changed hands, or are hidden or shown; undefined: any may have. `header`: of the state that says so. */
  readonly onChanged: (chain: FollowedChain, labels: readonly Uint8Array[] | undefined, header: BlockHeader) => void
}

interface Looked {
  /** So many changes are known; undefined: not since there is something to look for. */
  count: number | undefined
  hidden: ReadonlyMap<string, Uint8Array>
  isLooking: boolean
  isAgain: boolean
}

export class HandsWatch {
  readonly #log: Log
  readonly #hooks: HandsWatchHooks
  readonly #looked = new Map<string, Looked>()
  #view: LedgerView | undefined
  #cancel: Cancel = () => {}

  constructor(log: Log, hooks: HandsWatchHooks) {
    this.#log = log
    this.#hooks = hooks
  }

  /** From now on, once for each view. */
  watch(view: LedgerView): void {
    if (view === this.#view) return
    this.#cancel()
    this.#view = view
    this.#cancel = view.onHead((chain) => void this.#look(view, chain))
  }

  async #look(view: LedgerView, chain: FollowedChain): Promise<void> {
    const looked = this.#of(chain)
    if (!this.#hooks.isOfUse(chain)) {
      looked.count = undefined
      return
    }
    looked.isAgain = true
    if (looked.isLooking) return
    looked.isLooking = true
    try {
      while (looked.isAgain) {
        looked.isAgain = false
        await this.#lookOnce(view, chain, looked)
      }
    } catch (error) {
      if (!isChordnsError(error)) throw error
      this.#log.debug({ chain: chain.name, error: errorText(error) }, 'no proof of who has changed hands')
    } finally {
      looked.isLooking = false
    }
  }

  async #lookOnce(view: LedgerView, chain: FollowedChain, looked: Looked): Promise<void> {
    const from = looked.count
    const { value, header } = await readProven(view, chain.chainId, (state) => {
      const to = handsCount(state.get(handsCountKey))
      return { to, labels: from === undefined ? undefined : handsBetween(state, from, to), hidden: hiddenLabels(state) }
    })
    if (view.head(chain.chainId) === undefined || (from !== undefined && value.to < from)) return
    const hidden = new Map(value.hidden.map((label) => [latin1(label), label]))
    const others = [...difference(hidden, looked.hidden), ...difference(looked.hidden, hidden)]
    looked.count = value.to
    looked.hidden = hidden
    this.#hooks.onChanged(chain, value.labels && [...value.labels, ...others], header)
  }

  #of({ chainId, name }: FollowedChain): Looked {
    const known = this.#looked.get(name)
    if (known !== undefined) return known
    const fresh = { count: undefined, hidden: new Map(), isLooking: false, isAgain: false }
    if (this.#view?.chains().some((one) => equalBytes(one.chainId, chainId)) === true) this.#looked.set(name, fresh)
    return fresh
  }
}

function difference(a: ReadonlyMap<string, Uint8Array>, b: ReadonlyMap<string, Uint8Array>): readonly Uint8Array[] {
  return [...a].flatMap(([key, label]) => (b.has(key) ? [] : [label]))
}

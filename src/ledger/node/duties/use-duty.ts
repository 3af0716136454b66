/**
 * Looking whether registered names are served, where their TLD has a rule of use: each node asks their servers itself, from its own place, and what it says stands
 * on the chain. It looks behind what it does else, a few names a turn, and says that nobody serves a name when it has found nobody several times.
 */
import { type Clock, errorText, isChordnsError, type Log, latin1 } from '../../../base/index.ts'
import type { Name } from '../../../dns/index.ts'
import { encodePayload } from '../../application/payload.ts'
import { limits } from '../../limits.ts'
import { zoneOf } from '../../modules/names/label.ts'
import { unusedPayload } from '../../modules/names/payloads.ts'
import type { JudgedName, UseQuestion, UseState } from '../../modules/names/use.ts'
import type { RunningChain } from '../running-chain.ts'
import type { Due, Duty } from './duties.ts'

export interface UseDeps {
  readonly account: Uint8Array
  readonly clock: Clock
  readonly log: Pick<Log, 'debug'>
}

export interface UseHooks {
  /**
   * Whether a server answers for a zone, asked by this node itself; undefined: that cannot be said now, for want of something of this node's own. Rejects
   * with ABORTED only.
   */
  readonly isServed: (zone: Name, signal: AbortSignal) => Promise<boolean | undefined>
}

type LookedChain = Pick<RunningChain, 'id' | 'name' | 'application'>

interface AtChain {
  turn: number
  isLooking: boolean
  readonly said: Map<string, { readonly name: JudgedName; readonly inFavour: boolean }>
}

/** Looks in a row that found nobody. */
interface Unserved {
  readonly looks: number
  /** Unix ms of the last that counted. */
  readonly at: number
}

export class UseDuty implements Duty {
  readonly name = 'use'
  readonly isOfAllMembers = true
  readonly #deps: UseDeps
  readonly #hooks: UseHooks
  readonly #chains = new Map<string, AtChain>()
  readonly #unserved = new Map<string, Unserved>()

  constructor(deps: UseDeps, hooks: UseHooks) {
    this.#deps = deps
    this.#hooks = hooks
  }

  async due(chain: LookedChain): Promise<Due | undefined> {
    const at = this.#at(chain.id)
    const turn = Math.floor(this.#deps.clock.now() / limits.USE_TURN_MS)
    if (turn !== at.turn && !at.isLooking) {
      at.turn = turn
      await this.#begin(chain, at, turn)
    }
    const [next] = at.said
    if (next === undefined) return undefined
    const [place, { name, inFavour }] = next
    // What is lost on the way is said again after the next look.
    at.said.delete(place)
    const payload = encodePayload(unusedPayload(name.label, name.generation, inFavour))
    return { what: `use ${place} ${inFavour}`, payload }
  }

  async #begin(chain: LookedChain, at: AtChain, turn: number): Promise<void> {
    const { account, clock, log } = this.#deps
    const question: UseQuestion = { account, time: clock.now(), turn, most: limits.USE_NAMES_A_TURN }
    const { names } = (await chain.application.ask('use', question)) as UseState
    if (names.length === 0) return
    at.isLooking = true
    // Not awaited: looking takes as long as servers are slow.
    this.#look(chain, at, names)
      .catch((error: unknown) => {
        if (!isChordnsError(error)) throw error
        log.debug({ chain: chain.name, error: errorText(error) }, 'looking whether names are served has ended')
      })
      .finally(() => {
        at.isLooking = false
      })
  }

  async #look(chain: LookedChain, at: AtChain, names: readonly JudgedName[]): Promise<void> {
    const left = [...names]
    const lane = async () => {
      for (let name = left.shift(); name !== undefined; name = left.shift()) await this.#lookAt(chain, at, name)
    }
    await Promise.all(Array.from({ length: limits.USE_LOOKS_AT_ONCE }, lane))
  }

  async #lookAt({ id, name: tld }: LookedChain, at: AtChain, name: JudgedName): Promise<void> {
    const { label, generation, isDenied } = name
    const place = `${id} ${latin1(label)} ${generation}`
    const isServed = await this.#served(zoneOf(tld, label))
    if (isServed === undefined) return
    if (isServed) {
      this.#unserved.delete(place)
      if (isDenied) at.said.set(place, { name, inFavour: false })
      return
    }
    if (this.#count(place) >= limits.USE_LOOKS && !isDenied) at.said.set(place, { name, inFavour: true })
  }

  async #served(zone: Name): Promise<boolean | undefined> {
    const end = new AbortController()
    const cancel = this.#deps.clock.after(limits.USE_LOOK_MS, () => end.abort())
    try {
      return await this.#hooks.isServed(zone, end.signal)
    } catch (error) {
      if (!isChordnsError(error, 'ABORTED')) throw error
      return undefined
    } finally {
      cancel()
    }
  }

  #count(place: string): number {
    const now = this.#deps.clock.now()
    const before = this.#unserved.get(place)
    if (before !== undefined && now - before.at < limits.USE_APART_MS) return before.looks
    const looks = (before?.looks ?? 0) + 1
    this.#unserved.delete(place)
    this.#unserved.set(place, { looks, at: now })
    if (this.#unserved.size > limits.MAX_UNSERVED) this.#unserved.delete(this.#unserved.keys().next().value!)
    return looks
  }

  #at(id: string): AtChain {
    const known = this.#chains.get(id)
    if (known !== undefined) return known
    const at: AtChain = { turn: -1, isLooking: false, said: new Map() }
    this.#chains.set(id, at)
    return at
  }
}

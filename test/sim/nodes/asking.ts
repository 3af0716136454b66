/** What clients ask, and what they must get: an answer in time, and none that is a lie. */
import { isChordnsError } from '../../../src/base/index.ts'
import { type ResourceRecord, Type } from '../../../src/dns/index.ts'
import type { Resolution } from '../../../src/resolver/index.ts'
import type { SeededRandom } from '../../../src/sim/index.ts'
import { SITES, type Site } from './internet.ts'
import type { Machine } from './machine.ts'
import type { World } from './world.ts'

/** A client has its answer, or an error, within this time. Ms. */
const ANSWER_MS = 20_000
/** Extended errors of stale answers (RFC 8767). */
const STALE = [3, 19]
const SERVFAIL = 2
const NXDOMAIN = 3

interface Asked {
  readonly machine: Machine
  readonly lives: number
  readonly site: Site
  readonly at: number
}

export class Asking {
  readonly #world: World
  readonly #open = new Set<Asked>()

  constructor(world: World) {
    this.#world = world
  }

  askSomebody(random: SeededRandom, { mustSucceed = false } = {}): void {
    const up = this.#world.honest()
    const site = SITES[random.below(SITES.length)]!
    const machine = up[random.below(Math.max(1, up.length))]
    if (machine !== undefined) this.ask(machine, site, { mustSucceed })
  }

  /** `mustSucceed`: the authorities can be reached, so an error is none of theirs. */
  ask(machine: Machine, site: Site, { mustSucceed = false } = {}): void {
    const { life, lives } = machine
    if (life === undefined || machine.isLeaving) return
    const asked: Asked = { machine, lives, site, at: this.#world.clock.monotonic() }
    this.#open.add(asked)
    const request = {
      question: site.question,
      recursionDesired: true,
      checkingDisabled: false,
      dnssecOk: false,
      authenticData: true,
      client: '10.9.9.9',
      signal: new AbortController().signal,
    }
    life.core.resolver.resolve(request).then(
      (resolution) => {
        this.#open.delete(asked)
        if (machine.lives === lives) this.#judge(asked, resolution, mustSucceed)
      },
      (error: unknown) => {
        this.#open.delete(asked)
        if (machine.lives === lives && !isChordnsError(error, 'ABORTED'))
          this.#world.violated('answers', `${machine.index}: ${nameOf(site)}: ${String(error)}`)
      },
    )
  }

  /** Whoever waits for too long. */
  look(): void {
    const now = this.#world.clock.monotonic()
    for (const asked of this.#open) {
      const { machine, lives, site, at } = asked
      if (machine.lives !== lives) this.#open.delete(asked)
      else if (now - at > ANSWER_MS)
        this.#world.violated('answers', `${machine.index}: ${nameOf(site)} has no answer after ${ANSWER_MS / 1_000} s`)
    }
  }

  #judge({ machine, site }: Asked, resolution: Resolution, mustSucceed: boolean): void {
    const world = this.#world
    const { rcode, ede, provenance, security } = resolution
    const what = `${machine.index}: ${nameOf(site)}`
    if (rcode === SERVFAIL) {
      world.count('answers: failed')
      if (ede.length === 0) world.violated('answers', `${what} fails, and nothing says why`)
      if (mustSucceed)
        world.violated(
          'answers',
          `${what} fails in quiet times: ${ede.map(({ code, text }) => `${code} ${text}`).join('; ')}`,
        )
      return
    }
    const isStale = ede.some(({ code }) => STALE.includes(code))
    world.count(isStale ? 'answers: stale' : `answers: ${security === 'secure' ? 'secure' : (provenance ?? 'none')}`)
    const lie = this.#lieOf(site, resolution, isStale)
    if (lie === undefined) return
    const excuse = this.#excuse(machine, site, resolution)
    if (excuse !== undefined) world.count(`lies: ${excuse}`)
    else world.violated('truth', `${what}: ${lie}, ${security}, ${provenance}`)
  }

  #lieOf(site: Site, { rcode, answers }: Resolution, isStale: boolean): string | undefined {
    const addresses = answers.filter(({ type }) => type === Type.A)
    if (site.behaviour === 'absent')
      return rcode === NXDOMAIN && addresses.length === 0 ? undefined : `there is no such name, but ${texts(addresses)}`
    if (addresses.length === 0) return `no address, rcode ${rcode}`
    // What is stale may be old by a day.
    const slackMs = isStale ? 86_400_000 : this.#world.slackMs + 30_000
    const wrong = addresses.filter((record) => this.#world.internet.isLie(site, record, slackMs))
    return wrong.length === 0 ? undefined : texts(wrong)
  }

  /** What makes a lie one that the design says can happen (docs/threat-model.md). */
  #excuse(machine: Machine, site: Site, { provenance }: Resolution): string | undefined {
    const world = this.#world
    if (site.isSigned) return undefined
    if (provenance === 'solo' && world.isDeceived(machine)) return 'of its own way to the authorities'
    const isWrong = (one: Machine | undefined) =>
      one === undefined || world.habitOf(one) !== undefined || world.isDeceived(one)
    if (world.plan.acceptFrom === 'any-member' && world.machines.some(isWrong)) return 'of one whom all believe'
    if (provenance === 'solo') return undefined
    const key = world.keyOf(site)
    const { n, members } = machine.life!.rooms.ring.replicasOf(key)
    const wrong = members.filter(({ id }) => isWrong(world.byId.get(id))).length
    return 2 * wrong > n ? 'of a majority' : undefined
  }
}

export function nameOf({ question }: Site): string {
  return question.name.key
}

function texts(records: readonly ResourceRecord[]): string {
  return records.map(({ rdata }) => [...rdata].join('.')).join(' ') || 'no address'
}

/** When each node fetched what, by its own clock, and whether what it signed is dated so: nobody dates an observation again. */
import { type Exchange, latin1, type UpstreamQuery } from '../../../src/base/index.ts'
import type { ChunkEntry } from '../../../src/chunks/index.ts'
import { nameOf } from './asking.ts'
import { SITES } from './internet.ts'
import type { Machine } from './machine.ts'
import type { World } from './world.ts'

/** A date is the time of a fetch, rounded to seconds of its TTL, and after what validation took. Ms. */
const ROUNDED_MS = 5_000

export class Dates {
  /** Unix ms by the clock of the node, by index and name. */
  readonly #fetches = new Map<string, number[]>()
  readonly #seen = new WeakSet<ChunkEntry>()

  /** The exchange of a machine, which tells of each reply. */
  watched(machine: Machine, inner: Exchange): Exchange {
    const exchange = async (query: UpstreamQuery) => {
      const reply = await inner.exchange(query)
      const now = machine.now()
      const key = `${machine.index} ${nameIn(reply)}`
      const before = this.#fetches.get(key)
      if (before === undefined) this.#fetches.set(key, [now])
      else before.push(now)
      return reply
    }
    return { families: () => inner.families(), exchange }
  }

  /** Of all that is held: an observation of an honest node that is dated when it fetched nothing. */
  flaw(world: World): string | undefined {
    for (const holder of world.honest())
      for (const site of SITES) {
        const entry = holder.life!.rooms.chunks.entry(site.question)
        if (entry === undefined || this.#seen.has(entry)) continue
        this.#seen.add(entry)
        for (const { observer, when } of entry.certificate.observations) {
          const signer = world.machines.find(({ publicKey }) => latin1(publicKey) === latin1(observer))
          if (signer === undefined || world.habitOf(signer) !== undefined || world.hasSteppingClock(signer)) continue
          world.count('dates compared')
          const fetches = this.#fetches.get(`${signer.index} ${site.question.name.key}`) ?? []
          if (!fetches.some((at) => Math.abs(at - when) <= ROUNDED_MS))
            return `${signer.index} dates ${nameOf(site)} ${when}, and fetched it at ${fetches.join()}`
        }
      }
    return undefined
  }
}

/** The name in the question section, as a key. */
function nameIn(reply: Uint8Array): string {
  let at = 12
  while (at < reply.length && reply[at] !== 0) at += 1 + reply[at]!
  return latin1(reply.subarray(12, at + 1)).toLowerCase()
}

/**
 * What a ring had before its members were restarted or replaced one by one it has afterwards: what was agreed on, as long as those who
 * signed it are members, and signed answers, whoever is.
 */
import { seatsOf } from '../../../src/chunks/seats/seats.ts'
import { nameOf } from './asking.ts'
import { wordOf } from './checks.ts'
import { LONG_TTL, SITES, type Site } from './internet.ts'
import type { World } from './world.ts'

export class Keeping {
  readonly #agreed: { readonly site: Site; readonly expires: number }[] = []
  readonly #signed: Site[] = []

  /** Before: what more than half of its replicas hold. */
  async remember(world: World): Promise<void> {
    for (const site of SITES) {
      const holders = holdersOf(world, site)
      if (site.isSigned) {
        const words = await Promise.all(holders.map((holder) => wordOf(world, holder, site)))
        const having = words.filter((word) => word === 'proof').length
        if (site.ttl === LONG_TTL && 2 * having > holders.length) this.#signed.push(site)
        continue
      }
      const entries = holders.flatMap(({ life }) => life!.rooms.chunks.entry(site.question) ?? [])
      if (2 * entries.length > holders.length)
        this.#agreed.push({ site, expires: Math.min(...entries.map(({ expires }) => expires)) })
    }
    world.count('entries remembered', this.#agreed.length)
    world.count('signed answers remembered', this.#signed.length)
  }

  async flaw(world: World): Promise<string | undefined> {
    // An entry convinces nobody when its signers are no replicas any more: who needs it agrees again.
    for (const { site, expires } of world.plan.kind === 'replaced' ? [] : this.#agreed) {
      if (expires <= world.clock.now() + 1_000) continue
      const lacking = holdersOf(world, site).filter(({ life }) => life!.rooms.chunks.entry(site.question) === undefined)
      if (lacking.length > 0)
        return `${nameOf(site)} was agreed on before, and ${lacking.map(({ index }) => index).join()} lack it now`
      world.count('entries kept')
    }
    for (const site of this.#signed) {
      const holders = holdersOf(world, site)
      const words = await Promise.all(holders.map((holder) => wordOf(world, holder, site)))
      const lacking = holders.filter((_, i) => words[i] === 'unknown')
      if (lacking.length > 0)
        return `the ring had the signed answer ${nameOf(site)}, and ${lacking.map(({ index }) => index).join()} lack it now`
      world.count('signed answers kept')
    }
    return undefined
  }
}

function holdersOf(world: World, { question }: Site) {
  return world.honest().filter(({ life }) => seatsOf(life!.rooms.ring, question, world.plan.chunkBits).mine)
}

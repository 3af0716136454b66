/** A ring of real step machines in the virtual network of the ring's tests, begun in its ideal state. */
import type { RingId } from '../../src/base/index.ts'
import { answered, beginLookup, nextContact, unanswered } from '../../src/ring/chord/lookup.ts'
import { limits } from '../../src/ring/limits.ts'
import { answerFind, ownDirections } from '../../src/ring/machine/running-lookups.ts'
import type { RingWork } from '../../src/ring/machine/state.ts'
import type { LookupMode, LookupResult, RingOptions } from '../../src/ring/types.ts'
import { type Node, World } from '../../test/ring/world.ts'

export { type Node, World }

export interface IdealOptions {
  readonly size: number
  readonly seed: number
  readonly meanDelayMs: number
  readonly ring: Partial<RingOptions>
  readonly weigh?: boolean
  /** False: nobody ever stabilises. */
  readonly running: boolean
}

/** Every node knows every other, all lists are exact, and the timers stand at random. */
export function idealWorld({ size, seed, meanDelayMs, ring: options, running, weigh = false }: IdealOptions): World {
  const world = new World({ seed, meanDelayMs, options, weigh })
  for (let i = 0; i < size; i++) world.add([])
  const ring = [...world.nodes].sort((a, b) => (a.id < b.id ? -1 : 1))
  const at = (i: number) => ring[(i + size) % size]!.id
  const length = Math.min(limits.MAX_SUCCESSORS, size - 1)
  for (const [i, node] of ring.entries()) {
    for (const other of ring) node.state.table.put(other.state.self, world.now)
    node.state.phase = 'member'
    node.state.pointers = {
      self: node.id,
      predecessor: at(i - 1),
      successors: Array.from({ length }, (_, k) => at(i + 1 + k)),
    }
    if (!running) continue
    const { stabiliseMs, auditMs } = node.context.options
    world.at(world.random() * stabiliseMs, () => tick(world, node, 'stabilise'))
    world.at(world.random() * auditMs, () => tick(world, node, 'audit'))
  }
  return world
}

function tick(world: World, node: Node, timer: 'stabilise' | 'audit'): void {
  if (node.up) world.feed(node, { kind: 'timer', timer })
}

/** One look-up in a world that stands still: nobody notices, learns or repairs anything by it. */
export function frozenLookup(
  world: World,
  byId: ReadonlyMap<RingId, Node>,
  asker: Node,
  key: RingId,
  mode: LookupMode,
): LookupResult {
  const work = ({ context, state }: Node): RingWork => ({ context, state, now: world.now, effects: [] })
  const shortCut = mode !== 'chord'
  const lookup = beginLookup(asker.id, key, ownDirections(work(asker), key, mode), shortCut)
  for (;;) {
    const next = nextContact(lookup)
    if (next.kind !== 'ask') {
      const { hops, timeouts } = lookup
      return { key, owner: next.kind === 'found' ? next.owner : undefined, hops, timeouts }
    }
    const member = byId.get(next.id)
    const reply = member?.up === true ? answerFind(work(member), { type: 'find', key, shortCut }) : undefined
    if (reply?.type === 'directions') answered(lookup, reply)
    else unanswered(lookup)
  }
}

/** A dealt stream on virtual nodes. */
import type { Asking } from '../lib/stream.ts'
import type { WorldSpec } from '../lib/world-parts.ts'
import { type Dealing, type Dealt, requestsOf, requestsSince, TAIL_MS, upstreamOf } from './dealt.ts'
import { VirtualNodes } from './virtual-nodes.ts'

/** As between processes of one machine, which they are held against. */
const PEER_DELAY_MS = 0.3
/** After the ring has formed: members that are new know little of each other's records. */
const SETTLE_MS = 5_000

export interface VirtualRun {
  readonly spec: WorldSpec
  readonly anchor: string | undefined
  readonly stream: readonly Asking[]
  readonly seed: number
  readonly peerDelayMs?: number
}

export async function dealVirtual(run: VirtualRun, { sharing, members }: Dealing): Promise<Dealt> {
  const isRing = sharing === 'majority' || sharing === 'any-member'
  const all = await VirtualNodes.begin({
    nodes: members,
    seed: run.seed,
    world: run.spec,
    anchor: run.anchor,
    peerDelayMs: run.peerDelayMs ?? PEER_DELAY_MS,
    config: { 'ring.enabled': isRing, ...(isRing && { 'ring.acceptFrom': sharing }) },
  })
  const { clock, world, nodes } = all
  try {
    for (const node of nodes) await clock.run(node.ask({ name: '.', type: 'NS' }))
    await clock.advanceAsync(SETTLE_MS)
    world.clearLog()
    const traffic = () => requestsOf(nodes.map(({ rooms }) => rooms?.traffic.stats()))
    const before = traffic()
    const start = clock.monotonic()
    const latencies: number[] = new Array(run.stream.length)
    let failures = 0
    const answers = run.stream.map(async ({ question, at }, i) => {
      await new Promise<void>((due) => void clock.after(start + at - clock.monotonic(), due))
      const asked = clock.monotonic()
      const rcode = await nodes[i % nodes.length]!.ask(question)
      latencies[i] = clock.monotonic() - asked
      if (rcode !== 0 && rcode !== 3) failures++
    })
    await clock.run(Promise.all(answers))
    await clock.advanceAsync(TAIL_MS)
    if (all.faults.length > 0) throw new Error(`a virtual node complains: ${all.faults[0]}`)
    return { latencies, failures, upstream: upstreamOf(world), requests: requestsSince(traffic(), before) }
  } finally {
    await all.end()
  }
}

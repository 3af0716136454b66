/** An observation is dated once, when it was fetched: a lie of one minute dies with the certificate that it got into. */
import { afterEach, describe, expect, it } from 'vitest'
import type { Clock } from '../../../src/base/index.ts'
import type { LiveVote, OwnFetch } from '../../../src/chunks/index.ts'
import { decodeReply, encodeRequest } from '../../../src/chunks/wire/messages.ts'
import { evidenceLimits } from '../../../src/evidence/index.ts'
import { effort } from '../../setup/effort.ts'
import { answer, ask, createWorld, type Node, ownFinding, type World } from '../world.ts'

let world: World
afterEach(() => world.stop())

const MINUTE = 60_000
const HOUR = 60 * MINUTE
/** Of asking. */
const HOURS = effort(16, 48)
const DAY_SECONDS = 86_400
const question = ask('www.example.com')
const [lie, truth] = [answer(question, [66], DAY_SECONDS), answer(question, [1], DAY_SECONDS)]

/** Each node's recursor: it answers from its own cache for a day, unless it is to fetch anew. `fetches` counts the others. */
function caching(hijackedMs: number, fetches: number[]) {
  let began: number | undefined
  return (index: number, clock: Clock): OwnFetch => {
    const kept = new Map<string, { readonly finding: ReturnType<typeof ownFinding>; readonly until: number }>()
    return async (asked, _signal, how) => {
      began ??= clock.now()
      const key = asked.name.key
      const before = kept.get(key)
      if (how === 'known' && before !== undefined && before.until > clock.now()) return before.finding
      fetches[index] = (fetches[index] ?? 0) + 1
      const outcome = clock.now() - began < hijackedMs ? lie : truth
      const finding = ownFinding(asked, outcome, clock.now())
      kept.set(key, { finding, until: finding.expires })
      return finding
    }
  }
}

const lastOctet = async (node: Node) => {
  const read = await world.read(node, question)
  return read.kind === 'accepted' && read.finding.outcome.kind === 'rrset'
    ? read.finding.outcome.rrset.rdatas[0]?.[3]
    : undefined
}

describe('a lie of one minute about a name with a TTL of a day', () => {
  it('is agreed on for one certificate at most, however long it is asked for', async () => {
    const fetches: number[] = []
    world = createWorld({ nodes: 7, n: 5, fetch: caching(MINUTE, fetches), options: { chunkBits: 4 } })
    const [teller, reader] = world.outsiders(question) as [Node, Node]
    await world.told(question, [teller])
    expect(await lastOctet(reader)).toBe(66)
    const since = world.clock.now()
    let lastLie = since
    let missing = 0
    while (world.clock.now() - since < HOURS * HOUR) {
      await world.clock.advanceAsync(10 * MINUTE)
      const said = await lastOctet(reader)
      if (said === 66) lastLie = world.clock.now()
      if (said === undefined) {
        missing++
        await world.told(question, [teller])
      }
    }
    expect(lastLie - since).toBeLessThanOrEqual(evidenceLimits.MAX_AGREED_SECONDS * 1000)
    // Held against it: one fetch an hour of each replica, not one each time that somebody asks.
    expect(missing).toBeLessThan(1.25 * HOURS)
    for (const count of fetches) expect(count ?? 0).toBeLessThanOrEqual(1.25 * HOURS)
  })

  it('is nobody’s vote any more when the time of a certificate is over', async () => {
    world = createWorld({ nodes: 7, n: 5, fetch: caching(MINUTE, []), options: { admitAfter: 100 } })
    const [asker, replica] = [world.outsiders(question)[0]!, world.replicas(question)[0]!]
    const vote = async (): Promise<LiveVote['observation'] | undefined> => {
      const reply = replica.chunks.handle(asker.member.peer, encodeRequest({ kind: 'read', question }))
      const said = decodeReply(await world.clock.run(reply))
      return said.kind === 'vote' ? said.observation : undefined
    }
    const began = world.clock.now()
    const opener = world.replicas(question)[1]!
    const round = { kind: 'round', question, nonce: new Uint8Array(16), attempt: 1, how: 'known' } as const
    await world.clock.run(replica.chunks.handle(opener.member.peer, encodeRequest(round)))
    await world.clock.advanceAsync(10_000)
    expect((await vote())?.when).toBe(began)
    await world.clock.advanceAsync(20 * MINUTE)
    // However often it is signed, it says when it was seen.
    expect((await vote())?.when).toBe(began)
    await world.clock.advanceAsync(HOUR)
    expect(await vote()).toBeUndefined()
  })
})

describe('what was seen by a clock that was ahead, and is set right', () => {
  it('is nobody’s vote, and is observed anew: others count nothing that is dated in the future', async () => {
    world = createWorld({ nodes: 7, n: 5, fetch: caching(0, []), options: { admitAfter: 100 } })
    const [asker, replica] = [world.outsiders(question)[0]!, world.replicas(question)[0]!]
    const opener = world.replicas(question)[1]!
    const round = (attempt: number) =>
      encodeRequest({ kind: 'round', question, nonce: new Uint8Array(16).fill(attempt), attempt, how: 'known' })
    const vote = async () => {
      const said = decodeReply(
        await replica.chunks.handle(asker.member.peer, encodeRequest({ kind: 'read', question })),
      )
      return said.kind === 'vote' ? said.observation.when - world.clock.now() : undefined
    }
    replica.skewMs = 9 * MINUTE
    await world.clock.run(replica.chunks.handle(opener.member.peer, round(1)))
    await world.clock.advanceAsync(10_000)
    expect(await vote()).toBeGreaterThan(evidenceLimits.MAX_SKEW_MS)
    replica.skewMs = 0
    expect(await vote()).toBeUndefined()
    await world.clock.advanceAsync(MINUTE)
    await world.clock.run(replica.chunks.handle(opener.member.peer, round(2)))
    await world.clock.advanceAsync(10_000)
    expect(await vote()).toBeLessThanOrEqual(0)
  })
})

/** The shared records on a member of `process.ts`: the names that are read, and how long a read takes. */
import type { Clock, Log, PeerId, Random } from '../../src/base/index.ts'
import { type Chunks, chunkOf, createChunks, keyOfChunk } from '../../src/chunks/index.ts'
import { ed25519, type Signer } from '../../src/crypto/index.ts'
import { RequestRoom } from '../../src/peer/rooms.ts'
import type { CountedTransport } from '../../src/peer/traffic.ts'
import type { MemberEntry, Ring } from '../../src/ring/index.ts'
import { answer, ask, defaults, ownFinding } from '../../test/chunks/world.ts'
import { seeded } from '../lib/stats.ts'
import type { FarOutcome } from './commands.ts'
import { portOf, type RoundTrip } from './far-links.ts'

/** They do not run out while it is measured. Seconds. */
const TTL = 3_000

export interface RecordsDeps {
  readonly ring: Ring
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly signer: Signer
  readonly traffic: CountedTransport
}

/** Its own fetch finds at once what everybody finds. */
export function recordsOf({ traffic, ...deps }: RecordsDeps): Chunks {
  return createChunks(
    { ...deps, scheme: ed25519 },
    {
      send: (peer, body, options) => traffic.request(RequestRoom.CHUNKS, peer, body, options),
      ownFetch: async (question) => ownFinding(question, answer(question, [1], TTL), deps.clock.now()),
      isPrivate: () => false,
    },
    { ...defaults, requestTimeoutMs: 5_000, roundTimeoutMs: 10_000 },
  )
}

export const holdsName = (chunks: Chunks, name: string): boolean => chunks.entry(ask(name)) !== undefined

export const tellName = (chunks: Chunks, name: string): void => chunks.tell(ask(name))

export interface Reader {
  readonly ring: Ring
  readonly chunks: Chunks
  readonly roundTrip: RoundTrip
  /** How long a message that nobody has to think about takes to a peer and back. Ms. */
  readonly bare: (peer: PeerId) => Promise<number>
}

/** Reads of random names of which this member is no replica. */
export async function timedFarReads(
  { ring, chunks, roundTrip, bare }: Reader,
  names: readonly string[],
  count: number,
  seed: number,
): Promise<FarOutcome[]> {
  const chance = seeded(seed)
  const own = portOf(ring.self.addresses[0] ?? '')
  const outcomes: FarOutcome[] = []
  for (let i = 0; i < count; i++) {
    const question = ask(names[Math.floor(chance() * names.length)]!)
    const { members } = ring.replicasOf(keyOfChunk(chunkOf(question.name, defaults.chunkBits), defaults.chunkBits))
    if (members.some(({ id }) => id === ring.self.id)) continue
    // As the resolver does before it reads: what is not known of digests is requested.
    chunks.expects(question)
    const far = (member: MemberEntry) => roundTrip(own, portOf(member.addresses[0] ?? ''))
    const nearest = members.reduce((best, one) => (far(one) < far(best) ? one : best))
    const nearestMs = await bare(nearest.peer)
    const before = chunks.stats().readRequests
    const began = performance.now()
    const read = await chunks.read(question, AbortSignal.timeout(20_000))
    outcomes.push({
      found: read.kind === 'accepted',
      ms: performance.now() - began,
      nearestMs,
      requests: chunks.stats().readRequests - before,
    })
  }
  return outcomes
}

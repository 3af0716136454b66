/** What a member does unasked, again and again: each of the attacks that issue 12 names, on the network of a world. */
import { concatBytes, type RequestOptions, type Transport } from '../../../src/base/index.ts'
import { encodeMessage as encodeChain } from '../../../src/chain/blocks/messages.ts'
import { voteBytes } from '../../../src/chain/blocks/signing.ts'
import { limits as chainLimits } from '../../../src/chain/limits.ts'
import type { Vote } from '../../../src/chain/types.ts'
import { encodeChainsRequest } from '../../../src/chunk-chains/run/messages.ts'
import { chunkOf } from '../../../src/chunks/index.ts'
import { seatsOf } from '../../../src/chunks/seats/seats.ts'
import { type ChunkRequest, decodeReply, encodeRequest } from '../../../src/chunks/wire/messages.ts'
import { type Commitment, commitTo, quorum, roundNonce } from '../../../src/evidence/index.ts'
import { RequestRoom } from '../../../src/peer/rooms.ts'
import { signEntry } from '../../../src/ring/members/member.ts'
import { encodeMessage } from '../../../src/ring/wire/encode.ts'
import { paper } from '../../chunks/world.ts'
import { lie, SITES, type Site } from './internet.ts'
import type { Machine } from './machine.ts'
import type { World } from './world.ts'

const AGAIN_MS = 2_000
const PHANTOMS = 40
const REPEATS = 40
/** In two seconds: fewer than a member may bring by number alone. */
const CERTIFICATES = 60
/** The furthest that the codec lets through. */
const FAR_ROUND = chainLimits.MAX_ROUND

export type Attack = (world: World, machine: Machine, transport: Transport) => Promise<void>

/** Every two seconds, as long as the machine runs this life, but so many times at most. */
export function insist(
  attack: Attack,
  world: World,
  machine: Machine,
  transport: Transport,
  most = Number.POSITIVE_INFINITY,
): void {
  const { lives } = machine
  let done = 0
  const again = () => {
    if (machine.lives !== lives || done++ >= most) return
    // Nobody listens, or nobody is there: it comes again.
    if (machine.life !== undefined) attack(world, machine, transport).catch(() => {})
    world.clock.after(AGAIN_MS, again)
  }
  world.clock.after(AGAIN_MS, again)
}

/** Rows of members that do not exist, to everybody. */
export async function mint(world: World, machine: Machine, transport: Transport): Promise<void> {
  const { ringId } = machine.life!.rooms.ring
  const entries = Array.from({ length: PHANTOMS }, (_, i) =>
    signEntry(ringId, world.signerFor(`phantom ${i}`), {
      salt: new Uint8Array(),
      addresses: [`/memory/phantom-${i}`],
      status: 'alive',
      incarnation: machine.now(),
    }),
  )
  world.count('rows minted', entries.length)
  const body = encodeMessage({ type: 'push', entries, accusations: [] })
  await toAll(world, machine, transport, RequestRoom.RING, body)
}

/** Its own row, anew each time: a change for everybody, and a reason to do nothing. */
export async function renew(world: World, machine: Machine, transport: Transport): Promise<void> {
  const { ringId, self } = machine.life!.rooms.ring
  const { salt, addresses } = self
  const row = signEntry(ringId, machine.signer, { salt, addresses, status: 'alive', incarnation: machine.now() })
  world.count('rows renewed')
  const body = encodeMessage({ type: 'push', entries: [row], accusations: [] })
  await toAll(world, machine, transport, RequestRoom.RING, body)
}

/** Each certificate costs the simulator a millisecond for each who is sent it. */
export const MOST_REPEATS = 12

/** Certificates of one signature, many times over: each costs whoever checks it to the end. */
export async function repeat(world: World, machine: Machine, transport: Transport): Promise<void> {
  const { question } = SITES[0]!
  const outcome = lie(question)
  const mine = paper(machine.signer, question, outcome, machine.now(), {
    chunk: chunkOf(question.name, world.plan.chunkBits),
  })
  const observations = Array.from({ length: REPEATS }, () => mine)
  const body = encodeRequest({
    kind: 'certify',
    question,
    certificate: { kind: 'agreed', contents: [], observations },
    outcome,
  })
  world.count('certificates of one signature', CERTIFICATES)
  await Promise.all(
    Array.from({ length: CERTIFICATES }, () => toAll(world, machine, transport, RequestRoom.CHUNKS, body)),
  )
}

/** Opens a round, and asks to be shown what the others saw when only itself and one more have committed. */
export async function peep(world: World, machine: Machine, transport: Transport): Promise<void> {
  for (const site of SITES.filter(({ isSigned }) => !isSigned)) await peepAt(site, world, machine, transport)
}

async function peepAt({ question }: Site, world: World, machine: Machine, transport: Transport): Promise<void> {
  const { ring } = machine.life!.rooms
  const seats = seatsOf(ring, question, world.plan.chunkBits)
  if (!seats.mine || quorum(seats.n) <= 2) return
  const nonce = world.stream(`peeping ${world.clock.monotonic()}`).bytes(16)
  const own = roundNonce(nonce, 1)
  const chunk = chunkOf(question.name, world.plan.chunkBits)
  const mine = paper(machine.signer, question, lie(question), machine.now(), { nonce: own, chunk })
  const first = commitTo(mine, machine.now(), machine.signer)
  for (const { peer } of seats.others) {
    const ask = (request: ChunkRequest) => sendTo(transport, peer, RequestRoom.CHUNKS, encodeRequest(request))
    const committed = decodeReply(await ask({ kind: 'round', question, nonce, attempt: 1, how: 'known' }))
    if (committed.kind !== 'commitment') continue
    const commitments: Commitment[] = [first, committed.commitment]
    world.count('rounds peeped into')
    const shown = decodeReply(await ask({ kind: 'reveal', question, nonce, attempt: 1, commitments }))
    if (shown.kind === 'vote')
      world.violated('secrets', `${peer} shows what it saw after 2 commitments of ${seats.n} for ${question.name.key}`)
  }
}

/** A vote for a round that is far ahead, in each chain that this member is on. */
export async function race(world: World, machine: Machine, transport: Transport): Promise<void> {
  const { chains, chunks } = machine.life!.rooms
  for (const chunk of chunks.held()) {
    const { chain, height } = chains!.view(chunk)
    if (chain === undefined) continue
    const chainId = Uint8Array.from(Buffer.from(chain, 'hex'))
    for (const at of [height, height + 1]) {
      const content = { kind: 'prevote' as const, height: at, round: FAR_ROUND, blockId: undefined }
      const vote: Vote = {
        ...content,
        signer: machine.publicKey,
        signature: machine.signer.sign(voteBytes(chainId, content)),
      }
      const bytes = encodeChain(chainId, { type: 'votes', votes: [vote] })
      world.count('votes for far rounds')
      await toAll(
        world,
        machine,
        transport,
        RequestRoom.CHAINS,
        encodeChainsRequest({ kind: 'message', chainId, bytes }),
      )
    }
  }
}

const PATIENCE: RequestOptions = { timeoutMs: 2_000 }

function sendTo(transport: Transport, peer: Machine['peer'], room: number, body: Uint8Array): Promise<Uint8Array> {
  return transport.request(peer, concatBytes(Uint8Array.of(room), body), PATIENCE)
}

async function toAll(
  world: World,
  machine: Machine,
  transport: Transport,
  room: number,
  body: Uint8Array,
): Promise<void> {
  const others = world.up().filter((one) => one !== machine)
  await Promise.allSettled(others.map(({ peer }) => sendTo(transport, peer, room, body)))
}

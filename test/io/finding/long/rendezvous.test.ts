import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Log } from '../../../../src/base/index.ts'
import { ed25519Signer, peerIdFromPublicKey } from '../../../../src/crypto/index.ts'
import { type Rendezvous, type RendezvousOptions, startRendezvous } from '../../../../src/io/finding/rendezvous.ts'
import { rendezvousKey } from '../../../../src/io/finding/rendezvous-key.ts'
import { systemClock } from '../../../../src/io/index.ts'
import { addressOf, DHT_PROTOCOL, type DhtNode, startDhtNode } from '../../../world/dht.ts'

const SECRET = new Uint8Array(32).fill(7)
let ring = 0
let key: Uint8Array
/** Of a machine that is busy otherwise. */
const WAIT_MS = 240_000

interface Member {
  readonly peer: string
  readonly found: Map<string, readonly string[]>
  readonly warnings: string[]
  readonly rendezvous: Rendezvous
}

let nodes: DhtNode[] = []
let members: Member[] = []

async function member(index: number, options: Partial<RendezvousOptions> = {}): Promise<Member> {
  const seed = new Uint8Array(32).fill(index + 1)
  const found = new Map<string, readonly string[]>()
  const warnings: string[] = []
  const log: Log = { debug() {}, info() {}, warn: (_, message) => void warnings.push(message), error() {} }
  const rendezvous = await startRendezvous({
    seed,
    through: [addressOf(nodes[index % nodes.length]!)],
    protocol: DHT_PROTOCOL,
    key,
    addresses: [`/ip4/127.0.0.1/tcp/${40_000 + index}`],
    clock: systemClock(),
    log,
    onFound: (peer, addresses) => void found.set(peer, addresses),
    isAlone: () => found.size === 0,
    isToBeFound: () => true,
    ...options,
  })
  const one = { peer: peerIdFromPublicKey(ed25519Signer(seed).publicKey), found, warnings, rendezvous }
  members.push(one)
  return one
}

const eventually = (check: () => void) => vi.waitFor(check, { timeout: WAIT_MS, interval: 50 })

beforeAll(async () => {
  nodes = [await startDhtNode(), await startDhtNode(), await startDhtNode()]
  for (const node of nodes.slice(1)) await node.dial(nodes[0]!.getMultiaddrs())
})

beforeEach(() => {
  key = rendezvousKey(`ring ${ring++}`, SECRET)
})

afterEach(async () => {
  await Promise.all(members.map(({ rendezvous }) => rendezvous.stop()))
  members = []
})

afterAll(async () => {
  await Promise.all(nodes.map((node) => node.stop()))
})

describe('a rendezvous through a DHT', () => {
  it('names a member that said where it is to one that knows another node of the DHT', async () => {
    const first = await member(0)
    await eventually(() => expect(first.rendezvous.stats().said).toBe(1))
    const second = await member(1)
    await eventually(() => expect([...second.found.keys()]).toEqual([first.peer]))
    expect(second.found.get(first.peer)).toEqual(['/ip4/127.0.0.1/tcp/40000'])
  })

  it('names nobody of another ring, nor to who has not the secret', async () => {
    const first = await member(0)
    await eventually(() => expect(first.rendezvous.stats().said).toBe(1))
    const other = await member(1, { key: rendezvousKey('office', SECRET) })
    const stranger = await member(2, { key: rendezvousKey(`ring ${ring - 1}`, new Uint8Array(32)) })
    for (const one of [other, stranger]) {
      await eventually(() => expect(one.rendezvous.stats()).toMatchObject({ searches: 1, said: 1 }))
      expect(one.found.size).toBe(0)
    }
  })

  it('is no place for who is not to be found, and names nobody twice in one search', async () => {
    const hidden = await member(0, { isToBeFound: () => false })
    await eventually(() => expect(hidden.rendezvous.stats().searches).toBe(1))
    const first = await member(1)
    await eventually(() => expect(first.rendezvous.stats().said).toBe(1))
    expect(first.found.size).toBe(0)
    const last = await member(2)
    await eventually(() => expect(last.rendezvous.stats().found).toBe(1))
  })

  it('passes on no name to resolve, and no address that is none of a DHT of the open Internet', async () => {
    const addresses = ['/dns4/example.org/tcp/1', '/ip4/127.0.0.1/udp/9/quic-v1', '/ip4/127.0.0.1/tcp/40009']
    const first = await member(0, { addresses })
    await eventually(() => expect(first.rendezvous.stats().said).toBe(1))
    const second = await member(1)
    await eventually(() => expect([...second.found.keys()]).toEqual([first.peer]))
    expect(second.found.get(first.peer)).toEqual(['/ip4/127.0.0.1/tcp/40009'])
  })

  it('that cannot be reached is tried again, said once, and does not hold up the stop', async () => {
    const gone = await startDhtNode()
    const address = addressOf(gone)
    await gone.stop()
    const lost = await member(0, { through: [address] })
    await eventually(() => expect(lost.rendezvous.stats().failed).toBe(1))
    expect(lost.warnings).toEqual(['no rendezvous: it is tried again'])
  })

  it('with nodes that speak another protocol is none', async () => {
    const lost = await member(0, { protocol: '/another/kad/1.0.0' })
    await eventually(() => expect(lost.rendezvous.stats().failed).toBe(1))
    expect(lost.found.size).toBe(0)
  })
})

describe('the key of a rendezvous', () => {
  it('depends on ring and secret, and is no other keyed hash of them', () => {
    const keys = [['home', SECRET] as const, ['office', SECRET] as const, ['home', new Uint8Array(32)] as const].map(
      ([id, secret]) => rendezvousKey(id, secret),
    )
    expect(new Set(keys.map((key) => Buffer.from(key).toString('hex'))).size).toBe(3)
    expect(keys[0]).toHaveLength(32)
  })
})

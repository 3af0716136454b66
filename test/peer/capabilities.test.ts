/** What a peer said in hello that it knows. */
import { describe, expect, it } from 'vitest'
import { asPeerId } from '../../src/base/index.ts'
import { Capability, OWN_CAPABILITIES, PeerCapabilities } from '../../src/peer/capabilities.ts'
import { doorkeeperOf } from '../../src/peer/composition.ts'
import { pskDoorkeeper } from '../../src/ring/index.ts'
import { seededRandom } from '../../src/sim/index.ts'

const [old, own] = [asPeerId('old'), asPeerId('own')]
const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
const random = seededRandom('capabilities')
const secret = new Uint8Array(32).fill(7)

describe('what peers know', () => {
  it('is what they said last, and nothing of those who said nothing', () => {
    const peers = new PeerCapabilities()
    expect(peers.has(old, Capability.SIGNED_TRANSACTIONS)).toBe(false)
    peers.heard(old, OWN_CAPABILITIES)
    expect(peers.has(old, Capability.SIGNED_TRANSACTIONS)).toBe(true)
    peers.heard(old, [])
    expect(peers.has(old, Capability.SIGNED_TRANSACTIONS)).toBe(false)
  })

  it('is told on when somebody knows more than before, and only then', () => {
    const peers = new PeerCapabilities()
    let told = 0
    peers.onMore(() => told++)
    peers.heard(old, [])
    expect(told).toBe(0)
    peers.heard(old, OWN_CAPABILITIES)
    peers.heard(old, OWN_CAPABILITIES)
    expect(told).toBe(1)
  })

  it('does not grow without bound', () => {
    const peers = new PeerCapabilities()
    for (let i = 0; i < 20_000; i++) peers.heard(asPeerId(`peer ${i}`), OWN_CAPABILITIES)
    expect(peers.has(asPeerId('peer 0'), Capability.SIGNED_TRANSACTIONS)).toBe(false)
    expect(peers.has(asPeerId('peer 19999'), Capability.SIGNED_TRANSACTIONS)).toBe(true)
  })
})

describe('hello', () => {
  const config = { ring: { id: 'home', admission: 'psk', chunkBits: 8, replicas: 2 } } as Parameters<
    typeof doorkeeperOf
  >[0]['config']
  /** What a node of this build holds a peer to know, whose door says these words. */
  function heardFrom(words: readonly string[]): PeerCapabilities {
    const capabilities = new PeerCapabilities()
    const listener = doorkeeperOf({ config, random, log, secret, capabilities }, () => false).hello(
      own,
      old,
      'listener',
    )
    const dialer = pskDoorkeeper({ ringId: 'home', secret, random, capabilities: words }).hello(old, own, 'dialer')
    const reply = listener.receive(dialer.opening()!).send!
    listener.receive(dialer.receive(reply).send!)
    return capabilities
  }

  it('tells a node what the other side knows', () => {
    expect(heardFrom(OWN_CAPABILITIES).has(old, Capability.SIGNED_TRANSACTIONS)).toBe(true)
  })

  it('of an earlier release tells it nothing', () => {
    expect(heardFrom([]).has(old, Capability.SIGNED_TRANSACTIONS)).toBe(false)
  })
})

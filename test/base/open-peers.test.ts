import { describe, expect, it } from 'vitest'
import { asPeerId, OpenPeers, type PeerId } from '../../src/base/index.ts'

const peer = (i: number | string) => asPeerId(`peer ${i}`)

function open(most: number, isBusy: (peer: PeerId) => boolean = () => false) {
  const closed: PeerId[] = []
  const peers = new OpenPeers({ most, idleMs: 10_000, restMs: 1_000 }, { isBusy })
  const admit = (one: PeerId, now: number) => peers.admit(one, now, (other) => closed.push(other))
  return { peers, closed, admit }
}

describe('the peers that stay connected', () => {
  it('are at most so many: whoever was not spoken to for longest makes room', () => {
    const { peers, closed, admit } = open(3)
    for (let i = 0; i < 3; i++) expect(admit(peer(i), i)).toBe(true)
    peers.used(peer(0), 5)
    expect(admit(peer(3), 5_000)).toBe(true)
    expect(closed).toEqual([peer(1)])
    expect(peers.peers()).toEqual([peer(2), peer(0), peer(3)])
  })

  it('do not make room when something was exchanged a moment ago, or is on its way', () => {
    const { closed, admit } = open(2, (one) => one === peer(0))
    admit(peer(0), 0)
    admit(peer(1), 5_000)
    expect(admit(peer(2), 5_900)).toBe(false)
    expect(admit(peer(2), 6_000)).toBe(true)
    expect(closed).toEqual([peer(1)])
  })

  it('keep places for those that are to be kept, and a quarter of all for others', () => {
    const { peers, closed, admit } = open(8)
    peers.keep(Array.from({ length: 8 }, (_, i) => peer(`kept ${i}`)))
    expect(admit(peer(0), 0)).toBe(true)
    expect(admit(peer(1), 0)).toBe(true)
    // Six places are for six that are not there yet.
    expect(admit(peer(2), 0)).toBe(false)
    for (let i = 0; i < 6; i++) expect(admit(peer(`kept ${i}`), 0)).toBe(true)
    expect(closed).toEqual([])
    expect(admit(peer('kept 7'), 2_000)).toBe(true)
    expect(closed).toEqual([peer(0)])
  })

  it('that are kept never make room, and are never idle', () => {
    const { peers, closed, admit } = open(4)
    peers.keep([peer('a'), peer('b')])
    admit(peer('a'), 0)
    admit(peer('b'), 0)
    for (let i = 0; i < 100; i++) admit(peer(i), 2_000 * (i + 1))
    expect(closed).toHaveLength(98)
    expect(peers.has(peer('a')) && peers.has(peer('b'))).toBe(true)
    expect(peers.idle(1_000_000)).toEqual([peer(98), peer(99)])
  })

  it('are idle after a while without a word, unless something is on its way', () => {
    const { peers, admit } = open(4, (one) => one === peer(1))
    for (let i = 0; i < 3; i++) admit(peer(i), i * 1_000)
    expect(peers.idle(11_500)).toEqual([peer(0)])
    peers.used(peer(0), 11_000)
    expect(peers.idle(12_500)).toEqual([peer(2)])
  })

  it('count once, whether it is admitted again or gone twice', () => {
    const { peers, admit } = open(2)
    expect(admit(peer(1), 0)).toBe(true)
    expect(admit(peer(1), 1)).toBe(true)
    expect(peers.size).toBe(1)
    expect([peers.gone(peer(1)), peers.gone(peer(1))]).toEqual([true, false])
  })
})

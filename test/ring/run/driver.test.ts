import { describe, expect, it } from 'vitest'
import { limits } from '../../../src/ring/limits.ts'
import { encodeMessage } from '../../../src/ring/wire/encode.ts'
import { Hub } from '../hub.ts'

describe('createRing', () => {
  it('makes a ring of one when there is nobody to ask', async () => {
    const hub = new Hub()
    const a = hub.box('a', [])
    await a.ring.start()
    await hub.clock.advanceAsync(100)
    expect(a.ring.status()).toMatchObject({ joined: true, n: 1, largest: 1, successors: [], predecessor: undefined })
    expect(a.ring.members()).toEqual([a.ring.self])
  })

  it('joins three nodes that then know each other, as successors and as replicas', async () => {
    const hub = new Hub()
    const boxes = [hub.box('a', []), hub.box('b', ['/memory/a']), hub.box('c', ['/memory/b'])]
    for (const { ring } of boxes) await ring.start()
    await hub.clock.advanceAsync(8_000)
    const ids = boxes.map(({ ring }) => ring.self.id).sort()
    for (const { ring } of boxes) {
      expect(ring.members().map(({ id }) => id)).toEqual(ids)
      const at = ids.indexOf(ring.self.id)
      expect(ring.status().successors).toEqual([ids[(at + 1) % 3], ids[(at + 2) % 3]])
      expect(ring.status().predecessor).toBe(ids[(at + 2) % 3])
      const set = ring.replicasOf(ids[1]!)
      expect(set.n).toBe(3)
      expect(set.members.map(({ id }) => id)).toEqual([ids[1], ids[2], ids[0]])
    }
    const [a, b] = boxes
    expect(a!.ring.memberByKey(b!.ring.self.publicKey)).toEqual(b!.ring.self)
    expect(a!.ring.memberByPeer(b!.transport.self)).toEqual(b!.ring.self)
  })

  it('joins when every node has the same list of addresses, its own among them', async () => {
    const hub = new Hub()
    const list = ['/memory/a', '/memory/b', '/memory/c', '/memory/nobody']
    const boxes = ['a', 'b', 'c'].map((name) => hub.box(name, list))
    for (const { ring } of boxes) await ring.start()
    await hub.clock.advanceAsync(10_000)
    for (const { ring } of boxes) expect(ring.members()).toHaveLength(3)
  })

  it('merges with a ring of one whom somebody named, as mDNS does', async () => {
    const hub = new Hub()
    const [a, b] = [hub.box('a', []), hub.box('b', [])]
    for (const { ring } of [a, b]) await ring.start()
    await hub.clock.advanceAsync(3_000)
    expect(a.ring.members()).toHaveLength(1)
    a.ring.found(b.transport.self, ['/memory/b'])
    await hub.clock.advanceAsync(8_000)
    for (const { ring } of [a, b]) {
      expect(ring.members()).toHaveLength(2)
      expect(ring.status().successors).toHaveLength(1)
    }
  })

  it('answers a peer that asks for pages without end for a twentieth of a core at most, and others all the same', async () => {
    const hub = new Hub()
    const [a, b] = [hub.box('a', []), hub.box('b', ['/memory/a'])]
    for (const { ring } of [a, b]) await ring.start()
    await hub.clock.advanceAsync(5_000)
    const flood = encodeMessage({ type: 'ask-page', entry: b.ring.self, after: undefined })
    const served = async (seconds: number) => {
      let count = 0
      for (let i = 0; i < 2_000 * seconds; i++) {
        try {
          a.ring.handle(b.transport.self, flood)
          count++
        } catch (error) {
          expect(error).toMatchObject({ code: 'RING_BUSY' })
        }
        await hub.clock.advanceAsync(0.5)
      }
      return count
    }
    await served(10)
    // Each costs a tenth of a millisecond and more.
    expect(await served(5)).toBeLessThanOrEqual(5 * limits.WORK_PER_SECOND)
    expect(a.ring.status().stats.refused).toBeGreaterThan(5_000)
    expect(() => a.ring.handle(hub.box('c', []).transport.self, flood)).not.toThrow()
    // What is refused shows no more than that its sender asked too much: both stay members.
    await hub.clock.advanceAsync(20_000)
    for (const { ring } of [a, b]) expect(ring.members()).toHaveLength(2)
  })

  it('dials whom a flood of names says, so many at once and each one rarely', async () => {
    const hub = new Hub()
    const a = hub.box('a', [])
    await a.ring.start()
    let dials = 0
    const { connect } = a.transport
    Object.assign(a.transport, {
      connect: (...args: Parameters<typeof connect>) => {
        dials++
        return connect(...args)
      },
    })
    const strangers = Array.from({ length: 100 }, (_, i) => hub.box(`s${i}`, []).transport.self)
    for (const [i, peer] of strangers.entries()) a.ring.found(peer, [`/memory/x${i}`])
    expect(dials).toBe(limits.MAX_MEETING)
    await hub.clock.advanceAsync(1_000)
    for (let i = 0; i < 50; i++) a.ring.found(strangers[0]!, ['/memory/x0'])
    expect(dials).toBe(limits.MAX_MEETING)
    a.ring.found(a.transport.self, ['/memory/a'])
    expect(dials).toBe(limits.MAX_MEETING)
    await hub.clock.advanceAsync(limits.FOUND_AGAIN_MS)
    a.ring.found(strangers[0]!, ['/memory/x0'])
    expect(dials).toBe(limits.MAX_MEETING + 1)
  })

  it('never asks itself', async () => {
    const hub = new Hub()
    const a = hub.box('a', ['/memory/a', `/memory/a/p2p/${hub.box('a', []).transport.self}`])
    await a.ring.start()
    await hub.clock.advanceAsync(2_000)
    expect(a.ring.status().joined).toBe(true)
    expect(a.received).toEqual([])
  })

  it('keeps trying while its bootstrap address is down, says so, and joins when it is up', async () => {
    const hub = new Hub()
    const a = hub.box('a', [])
    a.up = false
    const b = hub.box('b', ['/memory/a'])
    await b.ring.start()
    await hub.clock.advanceAsync(120_000)
    expect(b.ring.status().joined).toBe(false)
    expect(
      b.logged.filter(({ message }) => message.startsWith('no member of the ring answers')).length,
    ).toBeGreaterThan(4)
    await a.ring.start()
    a.up = true
    await hub.clock.advanceAsync(45_000)
    expect(b.ring.status().joined).toBe(true)
    expect(a.ring.members()).toHaveLength(2)
  })

  it('notices a crash: suspects at once, and the witnesses take it out of the set; n stays', async () => {
    const hub = new Hub()
    const boxes = ['a', 'b', 'c', 'd', 'e'].map((name) => hub.box(name, name === 'a' ? [] : ['/memory/a']))
    for (const { ring } of boxes) await ring.start()
    await hub.clock.advanceAsync(10_000)
    const [a, b, c] = boxes
    c!.kill()
    a!.ring.report(c!.ring.self.id, 'failed')
    expect(a!.ring.isSuspect(c!.ring.self.id)).toBe(true)
    expect(a!.ring.members()).toHaveLength(5)
    await hub.clock.advanceAsync(20_000)
    for (const { ring, up } of boxes.filter((box) => box !== c)) {
      expect(up).toBe(true)
      expect(ring.members()).toHaveLength(4)
      expect(ring.memberByPeer(c!.transport.self)?.status).toBe('dead')
      expect(ring.status().largest).toBe(5)
      expect(ring.status().n).toBe(3)
    }
    expect(b!.ring.status().successors).toHaveLength(3)
  })

  it('says that it leaves, and the others count one less at once', async () => {
    const hub = new Hub()
    const boxes = ['a', 'b', 'c'].map((name) => hub.box(name, name === 'a' ? [] : ['/memory/a']))
    for (const { ring } of boxes) await ring.start()
    await hub.clock.advanceAsync(10_000)
    const stopped = boxes[2]!.ring.stop()
    await hub.clock.advanceAsync(200)
    await stopped
    boxes[2]!.up = false
    for (const { ring } of boxes.slice(0, 2)) {
      expect(ring.members()).toHaveLength(2)
      expect(ring.status()).toMatchObject({ largest: 2, n: 2 })
    }
  })

  it('leaves no timer behind', async () => {
    const hub = new Hub()
    const a = hub.box('a', [])
    await a.ring.start()
    await hub.clock.advanceAsync(3_000)
    const stopped = a.ring.stop()
    await hub.clock.advanceAsync(1_100)
    await stopped
    expect(hub.clock.pending).toBe(0)
  })

  it('comes back with a newer incarnation, and a count that it remembers', async () => {
    const hub = new Hub()
    const a = hub.box('a', [])
    const b = hub.box('b', ['/memory/a'])
    await a.ring.start()
    await b.ring.start()
    await hub.clock.advanceAsync(5_000)
    const persisted = b.persisted.at(-1)!
    expect(persisted.largest).toBe(2)
    b.kill()
    const known = b.ring.members()
    const again = hub.box('b', [], { memory: { persisted, known } })
    expect(again.ring.status()).toMatchObject({ joined: false, n: 2 })
    await again.ring.start()
    await hub.clock.advanceAsync(5_000)
    expect(again.ring.status()).toMatchObject({ joined: true, largest: 2 })
    expect(a.ring.memberByPeer(b.transport.self)!.incarnation).toBeGreaterThan(persisted.incarnation)
  })

  it('tells its listeners when the set changes, and not when they have gone', async () => {
    const hub = new Hub()
    const a = hub.box('a', [])
    let calls = 0
    // What one of them throws is its own failure.
    a.ring.onChange(() => {
      throw new Error('no')
    })
    const cancel = a.ring.onChange(() => {
      calls += 1
    })
    await a.ring.start()
    await hub.clock.advanceAsync(1_000)
    const before = calls
    const b = hub.box('b', ['/memory/a'])
    await b.ring.start()
    await hub.clock.advanceAsync(5_000)
    expect(calls).toBeGreaterThan(before)
    cancel()
    const seen = calls
    await hub.box('c', ['/memory/a']).ring.start()
    await hub.clock.advanceAsync(5_000)
    expect(a.ring.members()).toHaveLength(3)
    expect(calls).toBe(seen)
  })

  it('refuses and counts what is malformed', async () => {
    const hub = new Hub()
    const a = hub.box('a', [])
    await a.ring.start()
    const peer = hub.box('b', []).transport.self
    for (const body of [new Uint8Array(), Uint8Array.of(0xff), encodeMessage({ type: 'ok' }), new Uint8Array(70_000)]) {
      expect(() => a.ring.handle(peer, body)).toThrowError(expect.objectContaining({ code: 'RING_MALFORMED' }))
    }
    expect(a.ring.status().stats.malformed).toBe(4)
  })
})

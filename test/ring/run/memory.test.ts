import { describe, expect, it } from 'vitest'
import type { Log, Store } from '../../../src/base/index.ts'
import {
  createRingMemory,
  type RingDeps,
  type RingHooks,
  signClaim,
  signInvitation,
  signRevocation,
} from '../../../src/ring/index.ts'
import { createMemoryDisk, seededRandom } from '../../../src/sim/index.ts'
import { Hub } from '../hub.ts'
import { keyOf, scheme } from '../world.ts'

const log: Log = { debug() {}, info() {}, warn() {}, error() {} }

function setup() {
  const hub = new Hub()
  const disk = createMemoryDisk({ random: seededRandom(1) })
  /** What waits until the disk has written; undefined: it writes at once. */
  const slow: { waiting: ((failure?: Error) => void)[] | undefined } = { waiting: undefined }
  const remember = (ringId = 'test') => {
    const inner = disk.open()
    const store: Store = {
      get: (key) => inner.get(key),
      batch: (writes, options) => inner.batch(writes, options),
      range: (from, to) => inner.range(from, to),
      close: () => inner.close(),
      written: (done) => (slow.waiting === undefined ? inner.written(done) : void slow.waiting.push(done)),
    }
    return createRingMemory({ store, clock: hub.clock, log, ringId })
  }
  const parts = (memory: ReturnType<typeof remember>): Partial<RingDeps & RingHooks> => {
    const { persisted, known, votes, invitations, persist, keepInvitations } = memory
    return { memory: { persisted, known, votes, invitations }, persist, keepInvitations }
  }
  return { hub, disk, slow, remember, parts }
}

/** Three boxes, the third with a memory, all joined. */
async function threeBoxes() {
  const { hub, disk, slow, remember, parts } = setup()
  const memory = remember()
  expect([memory.persisted, memory.known]).toEqual([undefined, []])
  const a = hub.box('a', [])
  const b = hub.box('b', ['/memory/a'])
  const c = hub.box('c', ['/memory/a'], parts(memory))
  for (const { ring } of [a, b, c]) await ring.start()
  memory.follow(c.ring)
  await hub.clock.advanceAsync(10_000)
  expect(c.ring.members()).toHaveLength(3)
  return { hub, disk, slow, remember, parts, a, b, c }
}

describe('the memory of a ring', () => {
  it('brings a node back by the members it knew, without a bootstrap address', async () => {
    const { hub, disk, remember, parts, a, c } = await threeBoxes()
    const { incarnation } = c.ring.self
    c.kill()
    disk.crash('process')
    await hub.clock.advanceAsync(2_000)
    const memory = remember()
    expect(memory.known.map(({ id }) => id).sort()).toEqual(
      a.ring.members().flatMap(({ id }) => (id === c.ring.self.id ? [] : [id])),
    )
    expect(memory.persisted).toEqual({ largest: 3, incarnation })
    const back = hub.box('c', [], parts(memory))
    await back.ring.start()
    expect(back.ring.members()).toHaveLength(3)
    await hub.clock.advanceAsync(3_000)
    expect(back.ring.status()).toMatchObject({ joined: true, largest: 3 })
    expect(back.ring.self.incarnation).toBeGreaterThan(incarnation)
    expect(a.ring.memberByPeer(back.transport.self)?.incarnation).toBe(back.ring.self.incarnation)
  })

  it('keeps who was expelled, and the votes', async () => {
    const { hub, disk, remember, parts, a, b, c } = await threeBoxes()
    a.ring.expel(b.ring.self.id)
    await hub.clock.advanceAsync(1_000)
    expect(c.ring.isExpelled(b.transport.self)).toBe(false)
    c.ring.expel(b.ring.self.id)
    await hub.clock.advanceAsync(5_000)
    expect(c.ring.isExpelled(b.transport.self)).toBe(true)
    c.kill()
    disk.crash('process')
    const back = hub.box('c', ['/memory/b'], parts(remember()))
    await back.ring.start()
    await hub.clock.advanceAsync(10_000)
    expect(back.ring.isExpelled(b.transport.self)).toBe(true)
    expect(back.ring.status().expulsions).toMatchObject([{ peer: b.transport.self, isExpelled: true }])
    expect(back.ring.members().map(({ peer }) => peer)).not.toContain(b.transport.self)
    expect(a.ring.members()).toHaveLength(2)
  })

  it('keeps own invitations, what they were used for, and what was revoked', async () => {
    const { hub, disk, remember, parts, c } = await threeBoxes()
    const signer = scheme.signer(keyOf('c'))
    const invite = (index: number) => {
      const at = hub.clock.now()
      const id = new Uint8Array(8).fill(index)
      const invitation = signInvitation('test', signer, { id, uses: 1, at, expires: at + 86_400_000 })
      c.ring.invitations.announce(invitation)
      return invitation
    }
    const [open, used, revoked] = [invite(1), invite(2), invite(3)]
    c.ring.invitations.announce(signRevocation('test', signer, revoked, hub.clock.now()))
    const machine = scheme.signer(keyOf('machine'))
    const claim = (ring: typeof c.ring, invitation: typeof used, key = machine) =>
      ring.invitations.claim(invitation, key.publicKey, signClaim('test', key, invitation))
    expect(await claim(c.ring, used)).toBeUndefined()
    await hub.clock.advanceAsync(2_000)
    c.kill()
    disk.crash('process')
    const back = hub.box('c', ['/memory/b'], parts(remember()))
    await back.ring.start()
    await hub.clock.advanceAsync(5_000)
    const thief = scheme.signer(keyOf('thief'))
    expect(await claim(back.ring, used, thief)).toBe('used')
    expect(await claim(back.ring, revoked, thief)).toBe('revoked')
    expect(await claim(back.ring, open, thief)).toBeUndefined()
    expect(back.ring.invitations.list()).toHaveLength(3)
  })

  /** An invitation by c for one machine, and how a machine claims it at a door. */
  function inviting({ hub, c }: Pick<Awaited<ReturnType<typeof threeBoxes>>, 'hub' | 'c'>) {
    const signer = scheme.signer(keyOf('c'))
    const at = hub.clock.now()
    const invitation = signInvitation('test', signer, {
      id: new Uint8Array(8).fill(1),
      uses: 1,
      at,
      expires: at + 86_400_000,
    })
    c.ring.invitations.announce(invitation)
    const claim = (ring: typeof c.ring, name: string) => {
      const key = scheme.signer(keyOf(name))
      return ring.invitations.claim(invitation, key.publicKey, signClaim('test', key, invitation))
    }
    const revoke = () => c.ring.invitations.announce(signRevocation('test', signer, invitation, hub.clock.now()))
    return { claim, revoke }
  }

  it('has the use of an invitation on disk before the machine hears that it is in', async () => {
    const all = await threeBoxes()
    const { disk, remember, c } = all
    const { claim } = inviting(all)
    const keyOfMachine = scheme.signer(keyOf('machine')).publicKey
    expect(await claim(c.ring, 'machine')).toBeUndefined()
    c.kill()
    disk.crash('power')
    expect(remember().invitations.statements).toMatchObject([{ kind: 'use', machine: keyOfMachine }])
  })

  it("has the inviter's word on the use at another door on disk before that door hears it", async () => {
    const all = await threeBoxes()
    const { hub, disk, slow, remember, a, c } = all
    const { claim } = inviting(all)
    await hub.clock.advanceAsync(2_000)
    slow.waiting = []
    let fault: string | undefined = 'none yet'
    void claim(a.ring, 'machine').then((came) => {
      fault = came
    })
    await hub.clock.advanceAsync(1_000)
    expect(fault).toBe('none yet')
    for (const done of slow.waiting) done()
    await hub.clock.advanceAsync(100)
    expect(fault).toBeUndefined()
    c.kill()
    disk.crash('power')
    expect(remember().invitations.statements).toMatchObject([
      { kind: 'use', door: scheme.signer(keyOf('c')).publicKey },
    ])
  })

  it('lets nobody in while the disk fails, and the same machine when it works again', async () => {
    const all = await threeBoxes()
    const { slow, c } = all
    const { claim } = inviting(all)
    slow.waiting = []
    const first = claim(c.ring, 'machine')
    for (const done of slow.waiting) done(new Error('the disk fails'))
    expect(await first).toBe('busy')
    slow.waiting = undefined
    expect(await claim(c.ring, 'machine')).toBeUndefined()
  })

  it('says when a revocation is on disk', async () => {
    const all = await threeBoxes()
    const { disk, remember, c } = all
    const { revoke } = inviting(all)
    revoke()
    expect(await c.ring.invitations.kept()).toBe(true)
    c.kill()
    disk.crash('power')
    expect(remember().invitations.statements).toMatchObject([{ kind: 'revocation' }])
  })

  it('takes up no invitation or revocation that is not of its own key', async () => {
    const { hub, c } = await threeBoxes()
    const at = hub.clock.now()
    const terms = { id: new Uint8Array(8), uses: 1, at, expires: at + 1_000 }
    const other = signInvitation('test', scheme.signer(keyOf('a')), terms)
    expect(() => c.ring.invitations.announce(other)).toThrow('not signed with the key')
    const own = signInvitation('test', scheme.signer(keyOf('c')), terms)
    expect(() => c.ring.invitations.announce({ ...own, uses: 9 })).toThrow('not signed with the key')
    expect(() => c.ring.invitations.announce(signRevocation('test', scheme.signer(keyOf('a')), own, at))).toThrow()
  })

  it('forgets a member that left', async () => {
    const { hub, disk, remember, b } = await threeBoxes()
    void b.ring.stop()
    await hub.clock.advanceAsync(5_000)
    disk.crash('process')
    expect(remember().known).toHaveLength(1)
  })

  it('keeps empty seats over a restart, for a day', async () => {
    const { hub, disk, remember } = setup()
    remember().persist({ largest: 3, incarnation: 5 })
    disk.crash('process')
    await hub.clock.advanceAsync(80_000_000)
    expect(remember().persisted?.largest).toBe(3)
    disk.crash('process')
    await hub.clock.advanceAsync(20_000_000)
    expect(remember().persisted).toEqual({ largest: 1, incarnation: 5 })
  })

  it('keeps empty seats when the power fails', () => {
    const { disk, remember } = setup()
    const memory = remember()
    for (let largest = 1; largest <= 8; largest++) memory.persist({ largest, incarnation: 5 })
    disk.crash('power')
    expect(remember().persisted).toEqual({ largest: 8, incarnation: 5 })
  })

  it('knows nothing in another ring', async () => {
    const { disk, remember } = await threeBoxes()
    disk.crash('process')
    const memory = remember('elsewhere')
    expect([memory.persisted, memory.known]).toEqual([undefined, []])
    disk.crash('process')
    expect(remember().known).toEqual([])
  })

  it('passes over rows that were damaged, and those that are not signed do not count', async () => {
    const { hub, disk, remember, parts } = await threeBoxes()
    disk.crash('process')
    const store = disk.open()
    const rows = [...store.range(Uint8Array.of(1), Uint8Array.of(2))]
    const forged = rows[0]![1].slice()
    forged[forged.length - 1]! ^= 1
    store.batch(
      [
        { kind: 'put', key: rows[0]![0], value: forged },
        { kind: 'put', key: rows[1]![0], value: Uint8Array.of(1, 2, 3) },
      ],
      { durable: false },
    )
    disk.crash('process')
    const memory = remember()
    expect(memory.known).toHaveLength(1)
    const back = hub.box('d', [], parts(memory))
    await back.ring.start()
    expect(back.ring.members()).toEqual([back.ring.self])
  })

  it('goes on when the disk is full', async () => {
    const { hub, parts } = setup()
    const full = createMemoryDisk({ random: seededRandom(1), maxBytes: 10 })
    const memory = createRingMemory({ store: full.open(), clock: hub.clock, log, ringId: 'test' })
    const a = hub.box('a', [], parts(memory))
    await a.ring.start()
    memory.follow(a.ring)
    await hub.clock.advanceAsync(5_000)
    expect(a.ring.status().joined).toBe(true)
    memory.stop()
  })
})

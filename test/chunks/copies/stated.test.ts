/** What the word of a copy counts for: a member that overstates what it served makes no name more popular than the ring can. */
import { describe, expect, it } from 'vitest'
import { asPeerId, asRingId, toHex } from '../../../src/base/index.ts'
import { hintOf } from '../../../src/chunks/copies/mark.ts'
import { copyAt, epochOf } from '../../../src/chunks/copies/places.ts'
import { mostReads, Stated } from '../../../src/chunks/copies/stated.ts'
import { limits } from '../../../src/chunks/limits.ts'
import { sha256 } from '../../../src/crypto/index.ts'
import { parseName } from '../../../src/dns/index.ts'
import type { MemberEntry, Ring } from '../../../src/ring/index.ts'
import { testClock } from '../../setup/clock.ts'

const MEMBERS = 400
const hint = hintOf(parseName('www.example.com'))

function ring() {
  const members = Array.from({ length: MEMBERS }, (_, i) => ({
    id: asRingId(toHex(sha256(new TextEncoder().encode(`member ${i}`)))),
    peer: asPeerId(`peer${i}`),
  })).sort((a, b) => (a.id < b.id ? -1 : 1)) as unknown as MemberEntry[]
  return {
    members: () => members,
    ownerOf: (key) => members.find(({ id }) => id >= key) ?? members[0],
    memberByPeer: (peer) => members.find((one) => one.peer === peer),
  } satisfies Pick<Ring, 'members' | 'ownerOf' | 'memberByPeer'>
}

function world(level = 2) {
  const clock = testClock()
  const parts = ring()
  const stated = new Stated({ clock, ring: parts, popular: { levelOf: () => level } })
  const copyOf = (atMs = clock.now()) => copyAt(parts, { hint, level: 1, number: 2, epoch: epochOf(hint, atMs) })!.peer
  const says = (from = copyOf(), reads = 150, key = 'a', depth = 1) =>
    stated.counted({ hint, key, from, level: depth, reads, expires: clock.now() + 300_000 })
  return { clock, parts, copyOf, says }
}

describe('the word of a copy on how many it served', () => {
  it('counts', () => {
    expect(world().says()).toBe(150)
  })

  it('counts for no more than the ring can have read of it, whatever it says', () => {
    const { says, copyOf } = world()
    expect(says(copyOf(), limits.MAX_READS_OF_A_COPY)).toBe(mostReads(1, MEMBERS))
    expect(mostReads(1, MEMBERS)).toBe((limits.DRAWN_MOST * MEMBERS) / 4)
  })

  it('counts once in the life of the answer that it was given', () => {
    const { clock, says } = world()
    const from = world().copyOf()
    expect([says(from), says(from), says(from, 150, 'another question')]).toEqual([150, 1, 150])
    clock.advance(300_000)
    expect(says(from)).toBe(150)
  })

  it('counts as one read of whoever is no copy, by the places of now and of the half hour before', () => {
    const { clock, copyOf, parts, says } = world()
    const before = copyOf()
    const places = new Set(
      [0, 1, 2, 3].flatMap((number) =>
        [0, 1, 2, 3].map((back) =>
          copyAt(parts, { hint, level: 1, number, epoch: epochOf(hint, clock.now()) - 1 + back }),
        ),
      ),
    )
    const nobody = parts.members().find((one) => !places.has(one))!
    expect(says(nobody.peer)).toBe(1)
    expect(says(asPeerId('a stranger'))).toBe(1)
    clock.advance(limits.EPOCH_MS)
    expect(says(before)).toBe(150)
    clock.advance(limits.EPOCH_MS)
    expect(says(before)).toBe(1)
  })

  it('counts as one read where the name has no copies of that level', () => {
    const { says } = world(0)
    expect(says()).toBe(1)
    expect(world(1).says(undefined, 20, 'a', 2)).toBe(1)
    expect(world(2).says(undefined, 20, 'a', 2)).toBe(20)
  })
})

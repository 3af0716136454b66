/** Endorsed rings: door, table and seats take exactly the ledger's list. */
import { beforeEach, describe, expect, it } from 'vitest'
import { ChordnsError, toHex } from '../../../src/base/index.ts'
import { peerIdFromPublicKey, sha256 } from '../../../src/crypto/index.ts'
import { endorsedDoorkeeper, keyOfPrefix, memberId, type RingAdmission } from '../../../src/ring/index.ts'
import { seededRandom } from '../../../src/sim/index.ts'
import { type Box, Hub } from '../hub.ts'
import { keyOf } from '../world.ts'

/** What the ledger says, as every node knows it at once. */
class List {
  readonly #salts = new Map<string, Uint8Array>()
  readonly #listeners = new Set<() => void>()

  readonly admission: RingAdmission = {
    saltOf: (key) => this.#salts.get(toHex(key)),
    operatorOf: (key) => toHex(key),
    onChange: (listener) => {
      this.#listeners.add(listener)
      return () => this.#listeners.delete(listener)
    },
  }

  endorse(name: string): Uint8Array {
    const salt = sha256(new TextEncoder().encode(`salt of ${name}`))
    this.#salts.set(toHex(keyOf(name)), salt)
    for (const listener of this.#listeners) listener()
    return salt
  }

  withdraw(name: string): void {
    this.#salts.delete(toHex(keyOf(name)))
    for (const listener of this.#listeners) listener()
  }
}

const NAMES = ['a', 'b', 'c', 'd', 'e', 'f', 'g']
let hub: Hub
let list: List
let boxes: Box[]

const admission = () => list.admission
const random = seededRandom('doors')

/** A box whose messages go through the doors of both sides, and past the check of what comes over an open connection. */
function box(name: string, bootstrap: readonly string[], own: RingAdmission | undefined = admission()): Box {
  const door = endorsedDoorkeeper({ ringId: 'test', random, admission: own ?? admission() })
  const made: Box = hub.box(name, bootstrap, {
    ...(own !== undefined && { admission: own }),
    send: async (to, body, options) => {
      const from = peerIdFromPublicKey(keyOf(name))
      if (own !== undefined) door.hello(from, to, 'dialer')
      const theirs = endorsedDoorkeeper({ ringId: 'test', random, admission: admission() })
      try {
        theirs.hello(to, from, 'listener')
      } catch {
        throw new ChordnsError('PEER_REFUSED', 'not let in', {})
      }
      return made.transport.request(to, body, options)
    },
  })
  return made
}

const namesIn = ({ ring }: Box) =>
  new Set(
    ring.members().map(({ publicKey }) => NAMES.find((one) => toHex(keyOf(one)) === toHex(publicKey)) ?? 'stranger'),
  )
const seatsOf = ({ ring }: Box, name: string) =>
  Array.from({ length: 64 }, (_, i) => ring.replicasOf(keyOfPrefix(6, i)).members).filter((members) =>
    members.some(({ publicKey }) => toHex(publicKey) === toHex(keyOf(name))),
  ).length

beforeEach(async () => {
  hub = new Hub()
  list = new List()
  for (const name of NAMES.slice(0, 6)) list.endorse(name)
  boxes = NAMES.map((name) => box(name, name === 'a' ? [] : ['/memory/a']))
  for (const { ring } of boxes) await ring.start()
  await hub.clock.advanceAsync(12_000)
})

describe('an endorsed ring of seven nodes', () => {
  it('has exactly those who are endorsed, each where its salt puts it', () => {
    for (const one of boxes.slice(0, 6)) expect(namesIn(one)).toEqual(new Set(NAMES.slice(0, 6)))
    expect(boxes[6]!.ring.status().joined).toBe(false)
    for (const { ring } of boxes.slice(0, 6)) {
      const { publicKey, salt, id } = ring.self
      expect(salt).toEqual(list.admission.saltOf(publicKey))
      expect(id).toBe(memberId(publicKey, salt))
    }
  })

  it('takes in who is endorsed now, without a restart of anybody', async () => {
    list.endorse('g')
    await hub.clock.advanceAsync(15_000)
    for (const one of boxes) expect(namesIn(one)).toEqual(new Set(NAMES))
    expect(seatsOf(boxes[0]!, 'g')).toBeGreaterThan(0)
  })

  it('has nothing left of who is withdrawn, within a minute: no door, no row, no seat; and takes it again in its new place', async () => {
    const [a, b] = boxes as [Box, Box]
    list.withdraw('b')
    for (const one of boxes.filter((other) => other !== b && other !== boxes[6])) {
      expect(namesIn(one).has('b')).toBe(false)
      expect(seatsOf(one, 'b')).toBe(0)
      expect(one.ring.isExpelled(b.transport.self)).toBe(true)
    }
    await hub.clock.advanceAsync(60_000)
    for (const one of boxes.filter((other) => other !== b && other !== boxes[6]))
      expect(namesIn(one).has('b')).toBe(false)
    expect(b.ring.status().joined).toBe(false)
    list.endorse('b')
    await hub.clock.advanceAsync(30_000)
    expect(namesIn(a).has('b')).toBe(true)
    expect(b.ring.status().joined).toBe(true)
    expect(b.ring.members()).toHaveLength(6)
  })

  it('refuses a stranger that has everything but the endorsement: name of the ring, addresses, a row that is signed', async () => {
    const salt = sha256(new TextEncoder().encode('a salt of its own'))
    const lie: RingAdmission = {
      saltOf: (key) => list.admission.saltOf(key) ?? salt,
      operatorOf: () => 'me',
      onChange: () => () => {},
    }
    const stranger = box('stranger', ['/memory/a', '/memory/b'], lie)
    await stranger.ring.start()
    await hub.clock.advanceAsync(20_000)
    for (const one of boxes) expect(namesIn(one).has('stranger')).toBe(false)
    // Its row comes by a member that tells it: no difference.
    for (const one of boxes.slice(0, 6)) {
      one.ring.found(stranger.transport.self, ['/memory/stranger'])
      expect(one.ring.isExpelled(stranger.transport.self)).toBe(true)
    }
    await hub.clock.advanceAsync(20_000)
    for (const one of boxes) expect(namesIn(one).has('stranger')).toBe(false)
  })

  it('refuses a member under another salt than the ledger’s', async () => {
    const own = sha256(new TextEncoder().encode('a better place'))
    list.endorse('h')
    const lie: RingAdmission = {
      ...list.admission,
      saltOf: (key) => (toHex(key) === toHex(keyOf('h')) ? own : list.admission.saltOf(key)),
    }
    const liar = box('h', ['/memory/a'], lie)
    await liar.ring.start()
    await hub.clock.advanceAsync(20_000)
    for (const one of boxes.slice(0, 6)) expect(one.ring.memberByKey(keyOf('h'))).toBeUndefined()
  })

  it('is not changed by votes of its members', () => {
    const [a, b] = boxes as [Box, Box]
    expect(() => a.ring.expel(b.ring.self.id)).toThrow(expect.objectContaining({ code: 'RING_BY_LEDGER' }))
  })
})

/** Digests that are refreshed ahead of need: who has told all of them once says only what has changed. */
import { setImmediate } from 'node:timers/promises'
import { beforeEach, describe, expect, it } from 'vitest'
import { asChunkId, asPeerId, type ChunkId } from '../../../src/base/index.ts'
import { buildDigest, hashOf, names } from '../../../src/chunks/digests/digest.ts'
import { createHeardDigests } from '../../../src/chunks/digests/heard-digests.ts'
import { createOwnDigests } from '../../../src/chunks/digests/own-digests.ts'
import { limits } from '../../../src/chunks/limits.ts'
import {
  decodeChangesReply,
  decodeChangesRequest,
  decodeDigestRequest,
  encodeChangesReply,
  encodeChangesRequest,
  encodeDigestReply,
  isChangesRequest,
  isDigestRequest,
} from '../../../src/chunks/wire/digest-messages.ts'
import { Faults } from '../../../src/chunks/wire/faults.ts'
import { encodeCanonical } from '../../../src/crypto/index.ts'
import { virtualClock } from '../../../src/sim/index.ts'

const PEER = asPeerId('replica')
const CHUNKS = Array.from({ length: 90 }, (_, i) => asChunkId(i))
const FIVE = asChunkId(5)

function setting() {
  const clock = virtualClock({ settle: setImmediate })
  const held = new Map<ChunkId, string[]>(CHUNKS.map((chunk) => [chunk, [`name ${chunk}`]]))
  const replica = { own: createOwnDigests(clock, (chunk) => held.get(chunk) ?? []), isOld: false }
  const bodies: { asked: number; told: number }[] = []
  const heard = createHeardDigests({
    clock,
    stopping: new AbortController().signal,
    faults: new Faults(),
    async send(_, body) {
      const { own, isOld } = replica
      const reply = isChangesRequest(body)
        ? encodeChangesReply(own.changesSince(decodeChangesRequest(body)))
        : encodeDigestReply(decodeDigestRequest(body).map(own.replyTo), isOld ? undefined : own.stamp())
      bodies.push({ asked: body.length, told: reply.length })
      return reply
    },
  })
  const refresh = async () => {
    heard.refresh(PEER, CHUNKS)
    await clock.advance(10)
    return bodies.at(-1)!
  }
  const put = (chunk: ChunkId, key: string) => {
    held.get(chunk)!.push(key)
    replica.own.changed(chunk)
  }
  const isNamed = (chunk: ChunkId, key: string) => names(heard.of(PEER, chunk)!.digest!, hashOf(key))
  const restart = () => {
    replica.own = createOwnDigests(clock, (chunk) => held.get(chunk) ?? [])
  }
  return { clock, heard, replica, refresh, put, isNamed, restart, bodies }
}

let world: ReturnType<typeof setting>
beforeEach(() => {
  world = setting()
})

describe('digests that are refreshed', () => {
  it('are told once, and then in few bytes that they are the same', async () => {
    const { clock, heard, refresh } = world
    const first = await refresh()
    expect(first.told).toBeGreaterThan(CHUNKS.length * 8)
    await clock.advance(limits.DIGEST_REFRESH_MS)
    const next = await refresh()
    expect(next.asked + next.told).toBeLessThan(50)
    for (const chunk of CHUNKS) expect(clock.monotonic() - heard.of(PEER, chunk)!.at).toBeLessThan(100)
  })

  it('are told anew where something has changed, and only there', async () => {
    const { clock, refresh, put, isNamed } = world
    await refresh()
    await clock.advance(limits.DIGEST_REFRESH_MS)
    put(FIVE, 'new')
    expect((await refresh()).told).toBeLessThan(60)
    expect(isNamed(FIVE, 'new')).toBe(true)
    expect(isNamed(asChunkId(6), 'name 6')).toBe(true)
  })

  it('are told later where a digest is too young to be built again', async () => {
    const { clock, refresh, put, isNamed } = world
    await refresh()
    put(FIVE, 'new')
    await refresh()
    expect(isNamed(FIVE, 'new')).toBe(false)
    await clock.advance(limits.DIGEST_BUILD_MS)
    expect((await refresh()).told).toBeLessThan(60)
    expect(isNamed(FIVE, 'new')).toBe(true)
  })

  it('are all asked for again after a restart of the replica', async () => {
    const { clock, refresh, put, isNamed, restart, heard } = world
    await refresh()
    await clock.advance(limits.DIGEST_REFRESH_MS)
    restart()
    put(FIVE, 'new')
    await refresh()
    expect(isNamed(FIVE, 'new')).toBe(false)
    // What was held before is no younger for it.
    expect(clock.monotonic() - heard.of(PEER, FIVE)!.at).toBeGreaterThan(limits.DIGEST_REFRESH_MS)
    await refresh()
    expect(isNamed(FIVE, 'new')).toBe(true)
  })

  it('are all asked for where the replica is of an earlier release', async () => {
    const { clock, refresh, replica, bodies } = world
    replica.isOld = true
    await refresh()
    await clock.advance(limits.DIGEST_REFRESH_MS)
    await refresh()
    expect(bodies.map(({ asked }) => asked > 200)).toEqual([true, true])
  })
})

describe('digests for which there is no room', () => {
  it('go by when a question used them last, not by when they were refreshed', async () => {
    const clock = virtualClock({ settle: setImmediate })
    const bits = new Uint8Array(limits.MAX_DIGEST_BYTES).fill(1)
    const heard = createHeardDigests({
      clock,
      stopping: new AbortController().signal,
      faults: new Faults(),
      send: async (_, body) =>
        encodeDigestReply(decodeDigestRequest(body).map(({ tag }) => (tag.length > 0 ? 'same' : { bits }))),
    })
    const request = async (number: number) => {
      heard.request(PEER, [asChunkId(number)])
      await clock.advance(10)
    }
    await request(0)
    await request(1)
    expect(heard.of(PEER, asChunkId(0))?.at).toBeLessThan(clock.monotonic())
    await request(1)
    expect(heard.peek(PEER, asChunkId(1))?.at).toBeGreaterThan(heard.peek(PEER, asChunkId(0))!.at)
    const room = Math.floor(limits.MAX_DIGESTS_BYTES / (limits.MAX_DIGEST_BYTES + limits.DIGEST_OVERHEAD_BYTES))
    for (let number = 2; number <= room; number++) await request(number)
    expect(heard.size).toBe(room)
    expect(heard.peek(PEER, asChunkId(0))).toBeDefined()
    expect(heard.peek(PEER, asChunkId(1))).toBeUndefined()
  })
})

describe('the messages of changes', () => {
  it('are read as they were written, and nothing else is', () => {
    const stamp = { start: 1_700_000_000_000, count: 7 }
    const request = encodeChangesRequest(stamp)
    expect(isDigestRequest(request)).toBe(true)
    expect(decodeChangesRequest(request)).toEqual(stamp)
    const { bits } = buildDigest(['name'])!
    const rows = [
      [FIVE, { bits }],
      [asChunkId(9), 'full'],
    ] as const
    expect(decodeChangesReply(encodeChangesReply({ stamp, rows }))).toEqual({ stamp, rows })
    expect(decodeChangesReply(encodeChangesReply({ stamp, rows: undefined }))).toEqual({ stamp, rows: undefined })
    for (const row of [[5, null], [5, 'busy'], [-1, bits], 5, [5, new Uint8Array(limits.MAX_DIGEST_BYTES + 1)]])
      expect(() => decodeChangesReply(encodeCanonical([1, 27, 1, 1, [row]]))).toThrowError(/malformed/)
  })
})

import { describe, expect, it } from 'vitest'
import { hintOf, type PopularMark, signMark } from '../../../src/chunks/copies/mark.ts'
import {
  decodePopularReply,
  decodePopularRequest,
  encodePopularReply,
  encodePopularRequest,
  isPopularRequest,
} from '../../../src/chunks/copies/messages.ts'
import { createPopular } from '../../../src/chunks/copies/popular.ts'
import { limits } from '../../../src/chunks/limits.ts'
import type { Seats } from '../../../src/chunks/seats/seats.ts'
import { ed25519, ed25519Signer, sha256 } from '../../../src/crypto/index.ts'
import { parseName } from '../../../src/dns/index.ts'
import { testClock } from '../../setup/clock.ts'

const signerOf = (name: string) => ed25519Signer(sha256(new TextEncoder().encode(name)))
const [first, second, stranger] = [signerOf('first'), signerOf('second'), signerOf('stranger')]
const hint = hintOf(parseName('www.example.com'))

function table() {
  const clock = testClock()
  const members = [first, second].map(({ publicKey }) => ({ publicKey }))
  const popular = createPopular({
    clock,
    ringId: 'home',
    scheme: ed25519,
    chunkBits: 8,
    seatsOfChunk: () => ({ members }) as unknown as Seats,
  })
  const at = () => Math.floor(clock.now() / 1_000)
  const mark = (signer: typeof first, level: number, when = at()) => signMark('home', signer, { hint, level, at: when })
  return { clock, popular, mark, at }
}

describe('a mark', () => {
  it('counts when a replica of the chunk signed it, and the highest of several counts', () => {
    const { popular, mark } = table()
    expect(popular.take(mark(first, 2))).toBe(true)
    expect(popular.take(mark(second, 1))).toBe(true)
    expect(popular.levelOf(hint)).toBe(2)
  })

  it('of nobody who has a seat is refused, like one that was changed, or is of another ring', () => {
    const { popular, mark, at } = table()
    expect(popular.take(mark(stranger, 5))).toBe(false)
    expect(popular.take({ ...mark(first, 1), level: 9 })).toBe(false)
    expect(popular.take(signMark('other', first, { hint, level: 3, at: at() }))).toBe(false)
    expect(popular.levelOf(hint)).toBe(0)
  })

  it('is replaced by a newer one of the same replica only, also by one that says that it is over', () => {
    const { popular, mark, at } = table()
    expect(popular.take(mark(first, 3, at() - 10))).toBe(true)
    expect(popular.take(mark(first, 5, at() - 20))).toBe(false)
    expect(popular.take(mark(first, 0))).toBe(true)
    expect([popular.levelOf(hint), popular.size]).toEqual([0, 1])
  })

  it('ends by itself, and none is taken that is of the time to come', () => {
    const { clock, popular, mark, at } = table()
    expect(popular.take(mark(first, 1, at() + 2 * limits.MARK_AHEAD_SECONDS))).toBe(false)
    popular.take(mark(first, 1))
    clock.advance((limits.MARK_SECONDS + 1) * 1_000)
    expect(popular.levelOf(hint)).toBe(0)
  })

  it('is told on as long as it is new here, and with all others to who asks for all', () => {
    const { clock, popular, mark } = table()
    const marks: PopularMark[] = [mark(first, 1), mark(second, 2)]
    for (const one of marks) popular.take(one)
    expect(popular.learnedWithin(1_000)).toHaveLength(2)
    clock.advance(2_000)
    expect(popular.learnedWithin(1_000)).toEqual([])
    expect(popular.page('', 10)).toEqual(marks)
    expect(popular.page(hint, 10)).toEqual([])
  })

  it('goes over the wire as it is', () => {
    const { mark } = table()
    const request = { readsADay: 1_000, after: undefined, known: [{ hint, at: 5 }] }
    const bytes = encodePopularRequest(request)
    expect(isPopularRequest(bytes)).toBe(true)
    expect(decodePopularRequest(bytes)).toEqual(request)
    const reply = { readsADay: 3, marks: [mark(first, 4)] }
    expect(decodePopularReply(encodePopularReply(reply))).toEqual(reply)
    expect(() => decodePopularReply(encodePopularRequest(request).fill(0, 4))).toThrow()
  })

  it('is one of so many: a flood pushes the oldest out', () => {
    const { popular, at } = table()
    const hints = Array.from({ length: 40 }, (_, i) => hintOf(parseName(`n${i}.example`)))
    for (const one of hints) popular.take(signMark('home', first, { hint: one, level: 1, at: at() }))
    expect(popular.size).toBe(40)
  })
})

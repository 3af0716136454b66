import { describe, expect, it, vi } from 'vitest'
import { ChordnsError } from '../../src/base/index.ts'
import { parseName } from '../../src/dns/index.ts'
import { limits } from '../../src/household/limits.ts'
import { decodeMessage, encodeMessage, encodeRow } from '../../src/household/rows.ts'
import { addressOf, type Box, type Boxes, delegationOf, makeBoxes, put, question } from './boxes.ts'

// Fifty thousand rows are half a minute of a busy machine.
vi.mock('../../src/household/limits.ts', async (original) => {
  const { limits } = await original<{ limits: object }>()
  return { limits: { ...limits, CATCH_UP_ROWS: 2_000 } }
})

const never = new AbortController().signal

/** So many names in the cache, and a delegation above them. */
function fill(boxes: Boxes, box: Box, names: number, seconds = 300): void {
  const now = boxes.clock.now()
  box.cache.putDelegation('main', delegationOf('example.com'), now, parseName('com'))
  for (let i = 0; i < names; i++) put(box.cache, `n${i}.example.com`, now, { expires: now + seconds * 1000 })
}

const meet = async (boxes: Boxes) => {
  boxes.changed()
  await boxes.wait(1_000)
}

describe('a member that was away', () => {
  it('takes over all that one other holds when it meets the others', async () => {
    const boxes = makeBoxes(3, { start: false })
    const [first, second, third] = boxes.all
    fill(boxes, first!, 1_200)
    fill(boxes, second!, 1_200)
    boxes.away.add(third!.peer)
    third!.household.start()
    await boxes.wait(1_000)
    expect(boxes.asked).toEqual([])
    boxes.away.delete(third!.peer)
    await meet(boxes)
    expect(boxes.asked).toEqual(['box2 box0'])
    expect(third!.cache.stats()).toMatchObject({ entries: 1_200, delegations: 1 })
    expect(third!.household.stats().caughtUp).toBe(1_201)
    expect(third!.household.sourceOf(question('n7.example.com'))).toBe('box0')
  })

  it('asks at its start, and again only after half a minute alone', async () => {
    const boxes = makeBoxes(2, { start: false })
    const [first, second] = boxes.all
    fill(boxes, first!, 3)
    second!.household.start()
    await meet(boxes)
    await meet(boxes)
    expect(boxes.asked).toEqual(['box1 box0'])
    const goAway = async (ms: number) => {
      boxes.away.add(second!.peer)
      boxes.changed()
      await boxes.wait(ms)
      boxes.changed()
      boxes.away.delete(second!.peer)
      await meet(boxes)
    }
    await goAway(limits.AWAY_MS - 5_000)
    expect(boxes.asked).toHaveLength(1)
    await goAway(limits.AWAY_MS + 5_000)
    expect(boxes.asked).toHaveLength(2)
  })

  it('asks the next member when the first fails half-way, and keeps what came', async () => {
    const boxes = makeBoxes(3, { start: false })
    const [first, second, third] = boxes.all
    fill(boxes, first!, 2)
    fill(boxes, second!, 5)
    first!.supply = async function* (from, signal) {
      yield* first!.household.supply(from, signal)
      throw new ChordnsError('PEER_GONE', 'it went away', {})
    }
    third!.household.start()
    await meet(boxes)
    expect(boxes.asked).toEqual(['box2 box0', 'box2 box1'])
    expect(third!.cache.stats().entries).toBe(5)
  })

  it.each([
    ['what nobody can read', () => Uint8Array.of(9, 9)],
    ['frames without rows', () => Uint8Array.of(0x82, 1, 0x80)],
    ['the same rows for ever', () => sameRows()],
  ])('asks the next member when the first sends %s', async (_, frame) => {
    const boxes = makeBoxes(3, { start: false })
    const [first, second, third] = boxes.all
    fill(boxes, second!, 5)
    let frames = 0
    first!.supply = async function* () {
      while (frames < 1_000) {
        frames++
        yield frame()
      }
    }
    third!.household.start()
    await meet(boxes)
    expect(boxes.asked).toEqual(['box2 box0', 'box2 box1'])
    expect(boxes.seen(third!, 'n4.example.com')).toBeDefined()
    expect(frames).toBeLessThanOrEqual(limits.CATCH_UP_ROWS / limits.MAX_ROWS + 2)
  })

  it('does not wait for ever for one that sends a row now and then', async () => {
    const boxes = makeBoxes(3, { start: false })
    const [first, second, third] = boxes.all
    fill(boxes, second!, 5)
    first!.supply = async function* () {
      for (let i = 0; i < 100; i++) {
        await new Promise((resolve) => void boxes.clock.after(9_000, () => resolve(undefined)))
        yield sameRows()
      }
    }
    third!.household.start()
    boxes.changed()
    await boxes.wait(limits.CATCH_UP_MS + 10_000)
    expect(boxes.seen(third!, 'n4.example.com')).toBeDefined()
  })

  it('asks again after a while when nobody has sent all: it was early, and is no member yet for them', async () => {
    const boxes = makeBoxes(2, { start: false })
    const [first, second] = boxes.all
    fill(boxes, first!, 5)
    let isEarly = true
    first!.supply = (from, signal) => {
      if (isEarly) throw new ChordnsError('HOUSEHOLD_REFUSED', 'not a member', { peer: from })
      return first!.household.supply(from, signal)
    }
    second!.household.start()
    await meet(boxes)
    await boxes.wait(limits.CATCH_UP_AGAIN_MS)
    expect(boxes.asked).toHaveLength(2)
    isEarly = false
    await boxes.wait(2 * limits.CATCH_UP_AGAIN_MS)
    expect(second!.household.stats().caughtUp).toBe(6)
    await boxes.wait(120_000)
    expect(boxes.asked).toHaveLength(3)
  })

  it('does not go on asking when nobody ever sends all, nor when it has ended', async () => {
    const boxes = makeBoxes(3, { start: false })
    for (const box of boxes.all)
      box.supply = async function* () {
        yield Uint8Array.of(1)
      }
    const [, second, third] = boxes.all
    third!.household.start()
    second!.household.start()
    await meet(boxes)
    await second!.household.stop()
    await boxes.wait(600_000)
    const asked = (peer: string) => boxes.asked.filter((one) => one.startsWith(peer)).length
    expect(asked('box2')).toBe(2 * limits.CATCH_UP_TRIES)
    expect(asked('box1')).toBe(2)
  })

  it('asks three members at most', async () => {
    const boxes = makeBoxes(6, { start: false })
    for (const box of boxes.all)
      box.supply = async function* () {
        yield Uint8Array.of(1)
      }
    boxes.all[5]!.household.start()
    await meet(boxes)
    expect(boxes.asked).toHaveLength(limits.CATCH_UP_MEMBERS)
  })
})

describe('a member that is asked for all', () => {
  it('refuses strangers, and who asks too often', () => {
    const boxes = makeBoxes(2, { start: false })
    const { household } = boxes.all[0]!
    expect(() => household.supply('stranger' as never, never)).toThrow('not a member')
    for (let i = 0; i < limits.CATCH_UP_BURST; i++) household.supply(boxes.all[1]!.peer, never)
    expect(() => household.supply(boxes.all[1]!.peer, never)).toThrow('too much at once')
  })

  it('sends so many rows and no more, in frames that fit, and nothing that is over', async () => {
    const boxes = makeBoxes(2, { start: false })
    const [first, second] = boxes.all
    fill(boxes, first!, limits.CATCH_UP_ROWS + 300)
    put(first!.cache, 'over.example.com', boxes.clock.now(), { expires: boxes.clock.now() + 900 })
    let rows = 0
    for await (const frame of first!.household.supply(second!.peer, never)) {
      expect(frame.length).toBeLessThanOrEqual(limits.MESSAGE_BYTES + 1_024)
      rows += decodeMessage(frame).length
    }
    expect(rows).toBeGreaterThan(limits.CATCH_UP_ROWS * 0.9)
    expect(rows).toBeLessThanOrEqual(limits.CATCH_UP_ROWS)
  })

  it('stops when nobody reads on', async () => {
    const boxes = makeBoxes(2, { start: false })
    const [first, second] = boxes.all
    fill(boxes, first!, 1_900)
    const gone = new AbortController()
    let frames = 0
    for await (const _ of first!.household.supply(second!.peer, gone.signal)) {
      frames++
      gone.abort()
    }
    expect(frames).toBeLessThan(3)
  })
})

function sameRows(): Uint8Array {
  const asked = question('same.example.com')
  const row = encodeRow({
    kind: 'answer',
    question: asked,
    outcome: addressOf(asked, [203, 0, 113, 1]),
    rank: 3,
    seconds: 300,
  })!
  return encodeMessage(Array.from({ length: limits.MAX_ROWS }, () => row))
}

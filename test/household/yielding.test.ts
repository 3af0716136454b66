/** What a household tells and takes gives way to answers. */
import { describe, expect, it } from 'vitest'
import type { Work } from '../../src/base/index.ts'
import { limits } from '../../src/household/limits.ts'
import { encodeMessage, encodeRow } from '../../src/household/rows.ts'
import { addressOf, makeBoxes, peerOf, question } from './boxes.ts'

const enough = 2 * limits.GATHER_MS_PER_MEMBER + 50

/** Work that is begun when the test says so. */
function held() {
  const waiting: (() => void)[] = []
  const work: Pick<Work, 'whenFree'> = {
    whenFree(kind, begin) {
      expect(kind).toBe('tell')
      waiting.push(begin)
      return () => void waiting.splice(waiting.indexOf(begin), 1)
    },
  }
  return { work, waiting, next: () => waiting.shift()?.() }
}

function told(count: number, seconds = 300): Uint8Array {
  const rows = Array.from({ length: count }, (_, i) => {
    const asked = question(`n${i}.example.com`)
    return {
      kind: 'answer',
      question: asked,
      outcome: addressOf(asked, [192, 0, 2, 7]),
      rank: 3,
      seconds,
    } as const
  })
  return encodeMessage(rows.map((row) => encodeRow(row)!))
}

describe('a household whose node is answering', () => {
  it('tells what it found when nobody waits, in one message', async () => {
    const { work, waiting, next } = held()
    const boxes = makeBoxes(3, { work })
    const [first] = boxes.all
    boxes.put(first!, 'www.example.com')
    await boxes.wait(enough)
    boxes.put(first!, 'mail.example.com')
    await boxes.wait(enough)
    expect(boxes.sent).toEqual([])
    expect(waiting).toHaveLength(1)
    next()
    expect(boxes.sent.map(({ to, rows }) => [to, rows.length])).toEqual([
      [peerOf(1), 2],
      [peerOf(2), 2],
    ])
  })

  it('takes what it is told when nobody waits, a part at a time', () => {
    const { work, waiting, next } = held()
    const boxes = makeBoxes(2, { work })
    const [box] = boxes.all
    const count = 2 * limits.ROWS_AT_ONCE + 1
    expect(box!.household.handle(peerOf(1), told(count))).toHaveLength(0)
    expect(boxes.seen(box!, 'n0.example.com')).toBeUndefined()
    const taken = () => box!.household.stats().rowsTaken
    next()
    expect(taken()).toBe(limits.ROWS_AT_ONCE)
    expect(boxes.seen(box!, 'n0.example.com')).toBeDefined()
    next()
    next()
    expect(taken()).toBe(count)
    expect(waiting).toEqual([])
  })

  it('counts what is left from when it heard it, however late it takes it', async () => {
    const { work, next } = held()
    const boxes = makeBoxes(2, { work })
    const [box] = boxes.all
    const heard = boxes.clock.now()
    box!.household.handle(peerOf(1), told(1))
    await boxes.wait(900)
    next()
    expect(boxes.seen(box!, 'n0.example.com')?.expires).toBe(heard + 300_000)
    box!.household.handle(peerOf(1), told(1, 1.5))
    await boxes.wait(900)
    next()
    expect(box!.household.stats()).toMatchObject({ messagesTaken: 2, rowsTaken: 1 })
  })

  it('takes what waits when a question is about to be fetched, a bounded part of it and nothing twice', () => {
    const { work, waiting, next } = held()
    const boxes = makeBoxes(2, { work })
    const { household } = boxes.all[0]!
    expect(household.takeWaiting()).toBe(false)
    household.handle(peerOf(1), Uint8Array.of(1, 2, 3))
    household.handle(peerOf(1), told(1))
    for (let i = 0; i < 9; i++) household.handle(peerOf(1), told(limits.ROWS_AT_ONCE))
    expect(household.takeWaiting()).toBe(true)
    expect(boxes.seen(boxes.all[0]!, 'n0.example.com')).toBeDefined()
    const { messagesTaken, messagesMalformed } = household.stats()
    expect(messagesMalformed).toBe(1)
    expect(messagesTaken).toBeGreaterThan(1)
    expect(messagesTaken).toBeLessThan(10)
    expect(waiting).toHaveLength(10 - messagesTaken)
    while (waiting.length > 0) next()
    expect(household.stats()).toMatchObject({ messagesTaken: 10, messagesMalformed: 1 })
    expect(household.takeWaiting()).toBe(false)
  })

  it('counts what turns out malformed later, and throws nothing into the turn', () => {
    const { work, next } = held()
    const boxes = makeBoxes(2, { work })
    const { household } = boxes.all[0]!
    household.handle(peerOf(1), Uint8Array.of(1, 2, 3))
    next()
    expect(household.stats()).toMatchObject({ messagesTaken: 0, messagesMalformed: 1 })
  })
})

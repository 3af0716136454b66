import { describe, expect, it } from 'vitest'
import { limits } from '../../../src/chunks/limits.ts'
import { createLaterTells, type Tell } from '../../../src/chunks/reads/later-tells.ts'
import { testClock } from '../../setup/clock.ts'
import { ask } from '../world.ts'

const tell = (index: number): Tell => ({ kind: 'tell', question: ask(`n${index}.example.com`) })

describe('signed answers that are told to all later', () => {
  it('are due after a while each, and at once when more wait than may, the oldest first', () => {
    const clock = testClock(1_000)
    const due: Tell[] = []
    const later = createLaterTells(clock, (one) => due.push(one))
    const many = Array.from({ length: limits.MAX_TELLS_LATER + 2 }, (_, i) => tell(i))
    for (const one of many) later.add(one)
    expect(due).toEqual(many.slice(0, 2))
    clock.advance(limits.TELL_AGAIN_MS - 1)
    expect(due).toHaveLength(2)
    clock.advance(1)
    expect(due).toHaveLength(many.length)
    expect(clock.pending).toBe(0)
  })
})

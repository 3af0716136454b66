import { describe, expect, it } from 'vitest'
import type { PeerId } from '../../../src/base/index.ts'
import { Debts } from '../../../src/chunks/handover/debts.ts'
import { ask } from '../world.ts'

const [a, b] = ['a', 'b'] as unknown as [PeerId, PeerId]
const [one, two] = [ask('one.example.com'), ask('two.example.com')]

describe('what is owed', () => {
  it('is remembered once for each peer and question', () => {
    const debts = new Debts()
    for (const question of [one, one, two]) debts.add(a, question)
    debts.add(b, one)
    expect(debts.size).toBe(3)
    expect(debts.peers()).toEqual([a, b])
  })

  it('is forgotten question by question, as far as they are asked for', () => {
    const debts = new Debts()
    debts.add(a, one)
    debts.add(a, two)
    for (const question of debts.settle(a)) {
      expect(question).toBe(one)
      break
    }
    expect(debts.size).toBe(1)
    expect([...debts.settle(a)]).toEqual([two])
    expect(debts.peers()).toEqual([])
    expect([...debts.settle(b)]).toEqual([])
  })
})

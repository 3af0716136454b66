import { describe, expect, it } from 'vitest'
import { copyFirst, type ReplicaView, turnsOf, turnsWithoutDigests } from '../../../src/chunks/reads/turns.ts'

const one = (replica: string, change: Partial<ReplicaView<string>> = {}): ReplicaView<string> => ({
  replica,
  named: true,
  doubtful: false,
  distance: undefined,
  ...change,
})

describe('the order in which replicas are asked', () => {
  it('begins with the nearest whose digest names the question, and keeps the others for later', () => {
    const turns = turnsOf([
      one('far', { distance: 90 }),
      one('near', { distance: 10 }),
      one('middle', { distance: 40 }),
    ])
    expect(turns).toEqual({ first: ['near'], next: ['middle', 'far'], last: [] })
  })

  it('asks those whose round trips are not known beside the nearest', () => {
    const turns = turnsOf([one('new'), one('far', { distance: 90 }), one('near', { distance: 10 })])
    expect(turns).toEqual({ first: ['near', 'new'], next: ['far'], last: [] })
  })

  it('asks all at once where no digest names the question: live votes may be needed', () => {
    const turns = turnsOf([one('b', { named: false, distance: 2 }), one('a', { named: false, distance: 1 })])
    expect(turns).toEqual({ first: ['a', 'b'], next: [], last: [] })
  })

  it('keeps a near replica that no digest names behind a far one that has it', () => {
    const turns = turnsOf([one('near', { named: false, distance: 1 }), one('far', { distance: 90 })])
    expect(turns).toEqual({ first: ['far'], next: ['near'], last: [] })
  })

  it('asks those in doubt last of all, however near', () => {
    const turns = turnsOf([one('doubtful', { doubtful: true, distance: 1 }), one('far', { distance: 90 })])
    expect(turns).toEqual({ first: ['far'], next: [], last: ['doubtful'] })
  })

  it('begins with any one of them where no digests are known, and goes on with the nearest', () => {
    const all = [one('far', { distance: 90 }), one('near', { distance: 10 }), one('dead', { doubtful: true })]
    expect(turnsWithoutDigests(all, () => 0)).toEqual({ first: ['far'], next: ['near'], last: ['dead'] })
    expect(turnsWithoutDigests(all, () => 1)).toEqual({ first: ['near'], next: ['far'], last: ['dead'] })
    expect(turnsWithoutDigests(all.slice(2), () => 0)).toEqual({ first: [], next: [], last: ['dead'] })
  })

  it('begins with a copy where there is one', () => {
    const turns = turnsOf([one('far', { distance: 90 }), one('near', { distance: 10 })])
    expect(copyFirst('copy', turns)).toEqual({ first: ['copy'], next: ['near', 'far'], last: [] })
    expect(copyFirst(undefined, turns)).toEqual(turns)
  })
})

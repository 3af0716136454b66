import { describe, expect, it } from 'vitest'
import type { PeerId } from '../../../src/base/index.ts'
import { limits } from '../../../src/chunks/limits.ts'
import { Faults } from '../../../src/chunks/wire/faults.ts'

const peer = (i: number) => `peer ${i}` as PeerId

describe('the faults of a peer', () => {
  it('put it last after a few, and good replies bring it back', () => {
    const faults = new Faults()
    for (let i = 1; i < limits.FAULTS_ASKED_LAST; i++) faults.add(peer(1))
    expect(faults.isAskedLast(peer(1))).toBe(false)
    faults.add(peer(1))
    expect(faults.isAskedLast(peer(1))).toBe(true)
    faults.forgive(peer(1))
    expect(faults.isAskedLast(peer(1))).toBe(false)
    expect(faults.isAskedLast(peer(2))).toBe(false)
    expect(faults.total).toBe(limits.FAULTS_ASKED_LAST)
  })

  it('are remembered of a bounded number of peers, the latest', () => {
    const faults = new Faults()
    for (let i = 0; i <= limits.MAX_FAULTY_PEERS; i++)
      for (let k = 0; k < limits.FAULTS_ASKED_LAST; k++) faults.add(peer(i))
    expect(faults.isAskedLast(peer(0))).toBe(false)
    expect(faults.isAskedLast(peer(limits.MAX_FAULTY_PEERS))).toBe(true)
  })
})

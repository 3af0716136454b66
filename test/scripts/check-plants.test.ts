import { describe, expect, it } from 'vitest'
import { checkPlants } from '../../scripts/check-plants.ts'

const planted = { name: 'no lock', changes: [{ file: 'chain/locks.ts', from: 'lock(it)' }] }

describe('mistakes that simulators put back', () => {
  it('have their place where their text stands just once', () => {
    expect(checkPlants([planted], () => 'if (held) lock(it)')).toEqual([])
  })

  it('are named where their source has gone on, or has the text twice', () => {
    expect(checkPlants([planted], () => 'hold(it)')).toEqual([
      '"no lock" changes a text that does not stand just once in src/chain/locks.ts: lock(it)',
    ])
    expect(checkPlants([planted], () => 'lock(it); lock(it)')).toHaveLength(1)
  })
})

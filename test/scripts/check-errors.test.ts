import { describe, expect, it } from 'vitest'
import { checkErrors } from '../../scripts/check-errors.ts'

const manual = '| code | what |\n|---|---|\n| `A_B` | one |\n| `C_D`, `ENDED` | two |\n'

describe('the error codes', () => {
  it('are documented, however they are raised', () => {
    expect(
      checkErrors([`new ChordnsError('A_B', 'x', {})\nfail('C_D')\nnew ChordnsError(\n  'ENDED', 'y', {})`], manual),
    ).toEqual([])
    expect(checkErrors([`'A_B' 'C_D' ENDED; new ChordnsError('LOST', 'x', {})`], manual)).toEqual([
      'LOST is not in docs/errors.md',
    ])
    expect(checkErrors([`'A_B' 'C_D' ENDED; fail('NEW_ONE')`], manual)).toEqual(['NEW_ONE is not in docs/errors.md'])
  })

  it('are still in use', () => {
    expect(checkErrors([`new ChordnsError('A_B', 'x', {}); 'C_D'`], manual)).toEqual([
      'ENDED is in docs/errors.md, and nowhere else',
    ])
  })

  it('are not comments, nor variables of the environment', () => {
    expect(checkErrors([`// 'X_Y'\nenv['CHORDNS_CONFIG']; 'A_B'; 'C_D'; ENDED`], manual)).toEqual([])
  })
})

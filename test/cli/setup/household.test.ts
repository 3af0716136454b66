import { describe, expect, it } from 'vitest'
import { householdConfig } from '../../../src/cli/setup/household.ts'

describe('a configuration made that of a box of a household', () => {
  it('keeps what else is in it', () => {
    const before = { listen: 'auto', ring: { id: 'attic', replicas: 3, acceptFrom: 'majority' } }
    expect(householdConfig(before)).toEqual({
      listen: 'auto',
      ring: { id: 'attic', replicas: 3, enabled: true, acceptFrom: 'any-member', mdns: true },
    })
    expect(householdConfig({})).toEqual({ ring: { enabled: true, acceptFrom: 'any-member', mdns: true } })
    expect(householdConfig({ ring: 'broken' })).toEqual(householdConfig({}))
  })

  it('is left alone where it is so already', () => {
    const after = householdConfig({ data: 'x' })!
    expect(householdConfig(after)).toBeUndefined()
  })
})

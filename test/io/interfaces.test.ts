import { describe, expect, it } from 'vitest'
import { hasAddress, localAddresses } from '../../src/io/index.ts'

describe('the addresses of this machine', () => {
  it('have loopback among them, and zones only where they are of a link', () => {
    const ours = localAddresses()
    expect(ours).toContainEqual({ address: '127.0.0.1', scope: 0 })
    for (const { address, scope } of ours) expect(address.includes('%')).toBe(scope !== 0)
  })

  it('are known in every form', () => {
    expect(hasAddress('127.0.0.1')).toBe(true)
    expect(hasAddress('192.0.2.77')).toBe(false)
    const hasIpv6 = localAddresses().some(({ address }) => address === '::1')
    expect(hasAddress('0:0:0:0:0:0:0:1')).toBe(hasIpv6)
  })
})

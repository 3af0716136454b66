import { describe, expect, it } from 'vitest'
import { checkAccess, clientBook, clientKey, compileAccess } from '../../../src/serve/access/access.ts'

describe('access list', () => {
  const cases: [allow: string[], address: string, allowed: boolean][] = [
    [['127.0.0.0/8'], '127.0.0.1', true],
    [['127.0.0.0/8'], '127.255.255.254', true],
    [['127.0.0.0/8'], '128.0.0.1', false],
    [['127.0.0.0/8'], '::1', false],
    [['::1/128'], '::1', true],
    [['::1/128'], '127.0.0.1', false],
    [['192.168.0.0/16'], '::ffff:192.168.3.4', true],
    [['192.168.0.0/16'], '::ffff:192.169.3.4', false],
    [['::ffff:192.0.2.0/120'], '192.0.2.77', true],
    [['::ffff:192.0.2.0/120'], '192.0.3.77', false],
    [['fd00::/8'], 'fd12:3456::1', true],
    [['fd00::/8'], 'fe80::1', false],
    [['fe80::/10'], 'fe80::1%eth0', true],
    [['10.1.2.3'], '10.1.2.3', true],
    [['10.1.2.3'], '10.1.2.4', false],
    [['0.0.0.0/0'], '8.8.8.8', true],
    [['0.0.0.0/0'], '2001:db8::1', false],
    [['::/0'], '2001:db8::1', true],
    [['::/0'], '127.0.0.1', false],
    [[], '127.0.0.1', false],
    [['0.0.0.0/0', '::/0'], 'not an address', false],
  ]
  it.each(cases)('%j lets %s in: %s', (allow, address, allowed) => {
    expect(compileAccess({ allow })(address)).toBe(allowed)
  })

  it.each(['300.0.0.0/8', '10.0.0.0/33', '10/8', 'localhost', 'fd00::/129', '10.0.0.0/-1', ''])(
    'refuses the text %j',
    (range) => {
      expect(() => compileAccess({ allow: [range] })).toThrow(
        expect.objectContaining({ code: 'CONFIG_ACCESS', detail: { range } }),
      )
    },
  )
})

describe('a listener that the network can reach', () => {
  const check = (address: string, allow: string[]) => () => checkAccess([{ address, port: 53 }], { allow })
  const missing = expect.objectContaining({ code: 'CONFIG_ACCESS_MISSING' })

  it.each(['0.0.0.0', '::', '192.168.1.1', '::ffff:192.168.1.1'])(
    'is refused on %s when only loopback may ask',
    (address) => {
      expect(check(address, ['127.0.0.0/8', '::1/128', '127.0.0.5'])).toThrow(missing)
      expect(check(address, [])).toThrow(missing)
    },
  )
  it('is accepted when the list names a network', () => {
    expect(check('0.0.0.0', ['127.0.0.0/8', '192.168.0.0/16'])).not.toThrow()
    expect(check('0.0.0.0', ['0.0.0.0/0'])).not.toThrow()
    expect(check('::', ['::/0'])).not.toThrow()
  })
  it.each(['127.0.0.1', '127.8.9.10', '::1', '::ffff:127.0.0.1'])('needs nothing on %s', (address) => {
    expect(check(address, [])).not.toThrow()
  })
})

describe('the client that limits count by', () => {
  it('is the address for IPv4, mapped or not', () => {
    expect(clientKey('192.0.2.1')).toBe(clientKey('::ffff:192.0.2.1'))
    expect(clientKey('192.0.2.1')).not.toBe(clientKey('192.0.2.2'))
  })
  it('is the /64 for IPv6', () => {
    expect(clientKey('2001:db8:1:2::1')).toBe(clientKey('2001:db8:1:2:ffff::9'))
    expect(clientKey('2001:db8:1:2::1')).not.toBe(clientKey('2001:db8:1:3::1'))
  })
})

describe('the book of clients', () => {
  it('says the same each time, also when it had to start anew', () => {
    const clientOf = clientBook(compileAccess({ allow: ['127.0.0.0/8', '10.0.0.0/8'] }), 3)
    for (let round = 0; round < 3; round++) {
      for (let i = 0; i < 10; i++) {
        expect(clientOf(`10.0.0.${i}`)).toEqual({
          allowed: true,
          key: `10.0.0.${i}`,
          isLoopback: false,
          high: 0,
          low: 0x0a000000 + i,
        })
        expect(clientOf(`192.0.2.${i}`)).toMatchObject({ allowed: false })
      }
      expect(clientOf('::ffff:127.0.0.1')).toEqual({
        allowed: true,
        key: '127.0.0.1',
        isLoopback: true,
        high: 0,
        low: 0x7f000001,
      })
    }
  })
})

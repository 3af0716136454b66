import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { Class, parseName, Rcode, typeFromText } from '../../../src/dns/index.ts'
import { isSpecialUse, specialAnswer } from '../../../src/resolver/local/special.ts'
import { texts } from '../../world/index.ts'

const ask = (name: string, type = 'A') =>
  specialAnswer({ name: parseName(name), type: typeFromText(type)!, class: Class.IN })

describe('special-use names', () => {
  it.each([
    ['localhost', 'A', Rcode.NOERROR, ['A 127.0.0.1']],
    ['www.LOCALHOST', 'AAAA', Rcode.NOERROR, ['AAAA ::1']],
    ['localhost', 'MX', Rcode.NOERROR, []],
    ['1.0.0.127.in-addr.arpa', 'PTR', Rcode.NOERROR, ['PTR localhost.']],
    [`1.${'0.'.repeat(31)}ip6.arpa`, 'PTR', Rcode.NOERROR, ['PTR localhost.']],
    ['4.3.2.10.in-addr.arpa', 'PTR', Rcode.NXDOMAIN, []],
    ['1.16.172.in-addr.arpa', 'PTR', Rcode.NXDOMAIN, []],
    ['168.192.in-addr.arpa', 'NS', Rcode.NOERROR, ['NS localhost.']],
    ['foo.invalid', 'A', Rcode.NXDOMAIN, []],
    ['x.onion', 'A', Rcode.NXDOMAIN, []],
    ['printer.local', 'A', Rcode.NXDOMAIN, []],
    ['nas.home.arpa', 'A', Rcode.NXDOMAIN, []],
    ['printer.default.service.arpa', 'A', Rcode.NXDOMAIN, []],
    ['_dns.resolver.arpa', 'SVCB', Rcode.NOERROR, []],
    ['_dns.resolver.arpa', 'A', Rcode.NOERROR, []],
    ['any.name.Resolver.ARPA', 'TXT', Rcode.NOERROR, []],
    ['resolver.arpa', 'A', Rcode.NOERROR, []],
    ['resolver.arpa', 'NS', Rcode.NOERROR, ['NS localhost.']],
  ] as const)('%s %s is answered here', (name, type, rcode, answers) => {
    const local = ask(name, type)!
    expect(local.rcode).toBe(rcode)
    expect(texts(local.answers)).toEqual(answers)
    if (answers.length === 0) expect(texts(local.authorities)[0]).toMatch(/^SOA localhost\. nobody\.invalid\./)
  })

  it.each([
    'localhost.com',
    'notlocalhost',
    '11.in-addr.arpa',
    '15.172.in-addr.arpa',
    '32.172.in-addr.arpa',
    'arpa',
    'alternative',
    'mylocal',
  ])('%s is one for the world', (name) => {
    expect(ask(name)).toBeUndefined()
    expect(isSpecialUse(parseName(name))).toBe(false)
  })

  it('never takes a label with a dot inside for two labels', () => {
    expect(ask('a\\.localhost')).toBeUndefined()
    expect(ask('10\\.in-addr.arpa')).toBeUndefined()
  })

  it('hides none of the popular domains', () => {
    const file = new URL('../../fixtures/popular-names.txt', import.meta.url)
    for (const name of readFileSync(file, 'utf8').split('\n').filter(Boolean))
      expect(isSpecialUse(parseName(name))).toBe(false)
  })
})

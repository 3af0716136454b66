import { describe, expect, it } from 'vitest'
import { nameToText, parseName } from '../../src/dns/index.ts'
import { builtinHints, dnameTarget, familyOf, mayAsk, parseHints } from '../../src/iterator/index.ts'

describe('root hints', () => {
  it('that are built in name 13 servers with an address of each family', () => {
    const hints = builtinHints()
    expect(hints).toHaveLength(13)
    const rules = { ipv4: true, ipv6: true, queryLoopback: false, port: 53, own: [] }
    for (const { addresses } of hints) {
      expect(addresses.map(familyOf)).toEqual([4, 6])
      for (const address of addresses) expect(mayAsk(address, 53, rules)).toBe(true)
    }
    expect(new Set(hints.flatMap(({ addresses }) => addresses)).size).toBe(26)
    expect(hints[1]?.addresses).toEqual(['170.247.170.2', '2801:1b8:10::b'])
  })

  it('are read from a file of zone lines', () => {
    const hints = parseHints(`
; a comment
.                 3600000      NS    A.ROOT.TEST.
A.ROOT.TEST.      3600000      A     127.0.0.2
a.root.test.      3600000      AAAA  ::1
.                 3600000      NS    b.root.test.
stray.test.                    A     192.0.2.1`)
    expect(hints.map(({ name, addresses }) => [nameToText(name), addresses])).toEqual([
      ['A.ROOT.TEST.', ['127.0.0.2', '::1']],
    ])
  })

  it('are used without the lines that cannot be read, where somebody is told of them', () => {
    const text =
      '. NS a.root.test.\na.root.test. A 127.0.0.2\n. NS "open\n( \na.root.test. A 127.0.0\nb.root.test. A 127.0.0.3\n. NS b.root.test.'
    const faults: string[] = []
    const hints = parseHints(text, (fault) => faults.push(fault))
    expect(hints.map(({ addresses }) => addresses)).toEqual([['127.0.0.2'], ['127.0.0.3']])
    expect(faults.map((fault) => fault.split(':')[0])).toEqual(['line 3', 'line 4', 'line 5'])
    expect(() => parseHints(text)).toThrow(expect.objectContaining({ code: 'DNS_BAD_TEXT' }))
    // Nothing that can be used is an error: other servers than the operator's must not be asked.
    expect(() => parseHints('<html>', () => {})).toThrow(/name no server/)
  })

  it('without any address are an error', () => {
    expect(() => parseHints('. NS a.root.test.')).toThrow(/name no server/)
    expect(() => parseHints('')).toThrow(/name no server/)
    expect(() => parseHints('. NS a.root.test. A')).toThrow()
  })
})

describe('dnameTarget', () => {
  it('replaces the suffix, and nothing when the result would be too long (RFC 6672 section 2.2)', () => {
    const owner = parseName('old.test.')
    const target = dnameTarget(parseName('a.b.old.test.'), owner, parseName('new.example.').wire)
    expect(target && nameToText(target)).toBe('a.b.new.example.')
    const long = parseName(`${Array.from({ length: 3 }, () => 'x'.repeat(63)).join('.')}.${'y'.repeat(40)}.old.test.`)
    expect(dnameTarget(long, owner, parseName('a-rather-long-name.example.').wire)).toBeUndefined()
  })
})

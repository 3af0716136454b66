import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fromHex, toHex } from '../../src/base/index.ts'
import {
  canonicalName,
  commonAncestor,
  compareNames,
  firstLabel,
  isSubdomain,
  isWildcard,
  labelsOf,
  nameFromWire,
  nameToText,
  parentName,
  parseName,
  prependLabel,
  ROOT,
  readName,
  sameName,
  suffixName,
} from '../../src/dns/index.ts'
import { label, name } from './arbitrary.ts'
import { malformedBy, thrownBy } from './malformed.ts'

const bytesOf = (text: string) => Uint8Array.from(text, (unit) => unit.charCodeAt(0))

describe('names as text', () => {
  it('come back from text byte by byte, whatever their labels hold', () => {
    fc.assert(
      fc.property(name, (one) => {
        expect(parseName(nameToText(one))).toEqual(one)
      }),
      { numRuns: 1_000 },
    )
  })

  it.each([
    ['.', '00'],
    ['com', '03636f6d00'],
    ['com.', '03636f6d00'],
    ['eXample.COM.', '076558616d706c6503434f4d00'],
    ['a\\.b.c', '03612e62016300'],
    ['\\097\\000\\255', '036100ff00'],
    ['\\(\\;\\"\\@\\$', '05283b22402400'],
    ['a b', '0361206200'],
    ['*.a', '012a016100'],
  ])('%s is %s', (text, wire) => {
    expect(toHex(parseName(text).wire)).toBe(wire)
  })

  it('take the origin when relative, and only then', () => {
    const origin = parseName('example.org')
    expect(nameToText(parseName('www', origin))).toBe('www.example.org.')
    expect(nameToText(parseName('www.', origin))).toBe('www.')
    expect(nameToText(parseName('.', origin))).toBe('.')
    // An escaped dot at the end is part of the label, not its end.
    expect(nameToText(parseName('www\\.', origin))).toBe('www\\..example.org.')
  })

  it('escape what zone files give a meaning to', () => {
    expect(nameToText(nameFromWire(fromHex('0b2e28293b22402440205c7f00')))).toBe(
      '\\.\\(\\)\\;\\"\\@\\$\\@\\032\\\\\\127.',
    )
  })

  it.each([
    '',
    '..',
    '.a',
    'a..b',
    'a\\',
    'a\\25',
    'a\\256',
    'a\\1b',
    'grüße.de',
    'a\nb',
    'a'.repeat(64),
    `${'a.'.repeat(127)}b`,
    `${'a'.repeat(63)}.`.repeat(4),
  ])('refuse %j', (text) => {
    thrownBy(() => parseName(text), 'DNS_BAD_TEXT')
  })

  it('may be 255 octets long, not 256, also by way of the origin', () => {
    const longest = parseName('a.'.repeat(127))
    expect(longest.wire.length).toBe(255)
    expect(longest.labels).toBe(127)
    expect(parseName('a', suffixName(longest, 126))).toEqual(longest)
    thrownBy(() => parseName('aa', suffixName(longest, 126)), 'DNS_BAD_TEXT')
    thrownBy(() => prependLabel('a', longest), 'DNS_TOO_LONG')
  })
})

describe('comparing names', () => {
  it('ignores the case of ASCII letters and of nothing else', () => {
    expect(sameName(parseName('ExAmPlE.com'), parseName('eXaMpLe.COM'))).toBe(true)
    expect(sameName(parseName('\\228'), parseName('\\196'))).toBe(false)
    // '@' and '`', '[' and '{' differ by the same bit as letters do.
    expect(sameName(parseName('\\@'), parseName('`'))).toBe(false)
    expect(sameName(parseName('['), parseName('{'))).toBe(false)
  })

  it('tells a dot inside a label from a border of labels', () => {
    expect(sameName(parseName('a\\.b'), parseName('a.b'))).toBe(false)
    expect(isSubdomain(parseName('www\\.example.com'), parseName('example.com'))).toBe(false)
  })

  it('finds a subdomain at label borders only', () => {
    const ancestor = parseName('example.com')
    expect(isSubdomain(parseName('WWW.Example.com'), ancestor)).toBe(true)
    expect(isSubdomain(ancestor, ancestor)).toBe(true)
    expect(isSubdomain(ancestor, ROOT)).toBe(true)
    expect(isSubdomain(parseName('com'), ancestor)).toBe(false)
    expect(isSubdomain(parseName('badexample.com'), ancestor)).toBe(false)
    // The wire form of the ancestor stands inside of a label here: \007example\003com.
    const trap = prependLabel('b', prependLabel(bytesOf('x\x07example\x03com'), ROOT))
    expect(trap.key.endsWith(ancestor.key)).toBe(true)
    expect(isSubdomain(trap, ancestor)).toBe(false)
  })

  it('sorts as the example of RFC 4034 section 6.1 does', () => {
    const sorted = [
      'example.',
      'a.example.',
      'yljkjljk.a.example.',
      'Z.a.example.',
      'zABC.a.EXAMPLE.',
      'z.example.',
      '\\001.z.example.',
      '*.z.example.',
      '\\200.z.example.',
    ]
    const shuffled = [4, 7, 0, 8, 2, 6, 1, 5, 3].map((i) => parseName(sorted[i]!))
    expect(shuffled.sort(compareNames).map(nameToText)).toEqual(sorted)
  })

  it('is a total order that agrees with sameName', () => {
    fc.assert(
      fc.property(name, name, name, (a, b, c) => {
        expect(Math.sign(compareNames(a, b)) + Math.sign(compareNames(b, a))).toBe(0)
        expect(compareNames(a, b) === 0).toBe(sameName(a, b))
        if (compareNames(a, b) <= 0 && compareNames(b, c) <= 0) expect(compareNames(a, c)).toBeLessThanOrEqual(0)
      }),
      { numRuns: 500 },
    )
  })
})

describe('parts of names', () => {
  it('take apart and put together again', () => {
    fc.assert(
      fc.property(name, label, (base, one) => {
        fc.pre(base.wire.length + one.length + 1 <= 255)
        const child = prependLabel(one, base)
        expect(firstLabel(child)).toEqual(one)
        expect(parentName(child)).toEqual(base)
        expect(child.labels).toBe(base.labels + 1)
        expect(labelsOf(child)).toEqual([one, ...labelsOf(base)])
        for (let labels = 0; labels <= child.labels; labels++) {
          const suffix = suffixName(child, labels)
          expect(suffix.labels).toBe(labels)
          expect(nameFromWire(suffix.wire)).toEqual(suffix)
          expect(isSubdomain(child, suffix)).toBe(true)
        }
      }),
    )
  })

  it('lower the case for the canonical form and keep the key', () => {
    const mixed = parseName('WwW.\\196.Com')
    expect(nameToText(canonicalName(mixed))).toBe('www.\\196.com.')
    expect(canonicalName(mixed).key).toBe(mixed.key)
    const lower = parseName('www.com')
    expect(canonicalName(lower)).toBe(lower)
  })

  it('know the deepest common ancestor', () => {
    const of = (a: string, b: string) => nameToText(commonAncestor(parseName(a), parseName(b)))
    expect(of('a.b.example.com', 'c.B.example.com')).toBe('b.example.com.')
    expect(of('example.com', 'www.example.com')).toBe('example.com.')
    expect(of('example.com', 'example.org')).toBe('.')
  })

  it('know a wildcard by its whole first label', () => {
    expect(isWildcard(parseName('*.example'))).toBe(true)
    expect(isWildcard(parseName('\\042.example'))).toBe(true)
    expect(isWildcard(parseName('**.example'))).toBe(false)
    expect(isWildcard(parseName('a.*.example'))).toBe(false)
    expect(isWildcard(ROOT)).toBe(false)
  })

  it('refuse what cannot be', () => {
    thrownBy(() => parentName(ROOT), 'DNS_TOO_LONG')
    thrownBy(() => suffixName(parseName('a.b'), 3), 'DNS_TOO_LONG')
    thrownBy(() => prependLabel('', ROOT), 'DNS_TOO_LONG')
    thrownBy(() => prependLabel('a'.repeat(64), ROOT), 'DNS_TOO_LONG')
  })
})

describe('names from wire', () => {
  it('are exactly one uncompressed name', () => {
    for (const wire of ['', '01', '0161', '016100ff', 'c00c', '4000', '8000', '40'.padEnd(132, '61')]) {
      malformedBy(() => nameFromWire(fromHex(wire)))
    }
  })

  it('do not change with the buffer they came from', () => {
    const buffer = Buffer.from('036162630000', 'hex')
    const fromBuffer = nameFromWire(buffer.subarray(0, 5))
    const { name: read } = readName(Buffer.concat([Buffer.alloc(12), buffer]), 12)
    buffer.fill(0xff)
    expect(nameToText(fromBuffer)).toBe('abc.')
    expect(nameToText(read)).toBe('abc.')
    expect(fromBuffer.wire.constructor).toBe(Uint8Array)
  })
})

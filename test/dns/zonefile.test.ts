import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type BadTextDetail, parseName, parseZone, ROOT, recordToText } from '../../src/dns/index.ts'
import { record } from './arbitrary.ts'
import { thrownBy } from './malformed.ts'

const origin = parseName('example.com')
const shown = (text: string, defaultTtl?: number) =>
  parseZone(text, defaultTtl === undefined ? { origin } : { origin, defaultTtl }).map((one) =>
    recordToText(one).replaceAll('\t', ' '),
  )

describe('parseZone', () => {
  it('reads the example of RFC 1035 section 5.3, made for $TTL', () => {
    const text = `
$ORIGIN ISI.EDU.
$TTL 1d
@   IN  SOA     VENERA      Action\\.domains (
                                 20     ; SERIAL
                                 7200   ; REFRESH
                                 600    ; RETRY
                                 3600000; EXPIRE
                                 60)    ; MINIMUM

        NS      A.ISI.EDU.
        NS      VAXA
        MX      10      VENERA
A       A       26.3.0.103
VENERA  A       10.1.0.52
        A       128.9.0.32
`
    expect(shown(text)).toEqual([
      'ISI.EDU. 86400 IN SOA VENERA.ISI.EDU. Action\\.domains.ISI.EDU. 20 7200 600 3600000 60',
      'ISI.EDU. 86400 IN NS A.ISI.EDU.',
      'ISI.EDU. 86400 IN NS VAXA.ISI.EDU.',
      'ISI.EDU. 86400 IN MX 10 VENERA.ISI.EDU.',
      'A.ISI.EDU. 86400 IN A 26.3.0.103',
      'VENERA.ISI.EDU. 86400 IN A 10.1.0.52',
      'VENERA.ISI.EDU. 86400 IN A 128.9.0.32',
    ])
  })

  it('comes back from the text of any record', () => {
    fc.assert(
      fc.property(record, (one) => {
        expect(parseZone(recordToText(one), { origin })).toEqual([one])
      }),
      { numRuns: 500 },
    )
  })

  it('takes TTL and class in either order, or neither', () => {
    const expected = ['a.example.com. 60 IN A 1.1.1.1']
    for (const line of ['a 60 IN A', 'a IN 60 A', 'a 60 A', 'a 1m in a', 'a 0h60s IN a']) {
      expect(shown(`${line} 1.1.1.1`)).toEqual(expected)
    }
    expect(shown('a A 1.1.1.1', 60)).toEqual(expected)
  })

  it('takes the TTL from the record, else $TTL, else the default, else the record before, else SOA minimum', () => {
    expect(shown('$TTL 7\na A 1.1.1.1\nb 8 A 1.1.1.1\nc A 1.1.1.1', 9)).toEqual([
      'a.example.com. 7 IN A 1.1.1.1',
      'b.example.com. 8 IN A 1.1.1.1',
      'c.example.com. 7 IN A 1.1.1.1',
    ])
    expect(shown('a 5 A 1.1.1.1\nb A 1.1.1.1')[1]).toBe('b.example.com. 5 IN A 1.1.1.1')
    expect(shown('@ SOA a b 1 2 3 4 77\n@ NS a').map((line) => line.split(' ')[1])).toEqual(['77', '77'])
  })

  it('keeps the class of the record before, and reads those without a mnemonic', () => {
    expect(shown('a CH 1 TXT x\nb 1 TXT y\nc CLASS32 1 TYPE731 \\# 1 ab')).toEqual([
      'a.example.com. 1 CH TXT "x"',
      'b.example.com. 1 CH TXT "y"',
      'c.example.com. 1 CLASS32 TYPE731 \\# 1 AB',
    ])
  })

  it('reads the examples of RFC 3597 section 5', () => {
    const text = `
a.example.   1 CLASS32     TYPE731         \\# 6 abcd (
                                                  ef 01 23 45 )
b.example.   1 HS          TYPE62347       \\# 0
e.example.   1 IN          A               \\# 4 0A000001
e.example.   1 CLASS1      TYPE1           10.0.0.2
`
    expect(shown(text)).toEqual([
      'a.example. 1 CLASS32 TYPE731 \\# 6 ABCDEF012345',
      'b.example. 1 HS TYPE62347 \\# 0',
      'e.example. 1 IN A 10.0.0.1',
      'e.example. 1 IN A 10.0.0.2',
    ])
  })

  it('resolves names against the $ORIGIN in force, which may be relative itself', () => {
    expect(shown('$ORIGIN sub\n$TTL 1\nwww CNAME @\n$ORIGIN other.\nx NS y')).toEqual([
      'www.sub.example.com. 1 IN CNAME sub.example.com.',
      'x.other. 1 IN NS y.other.',
    ])
    expect(recordToText(parseZone('. 1 NS a', { origin: ROOT })[0]!)).toBe('.\t1\tIN\tNS\ta.')
  })

  it('keeps quotes, comments and parentheses apart', () => {
    const text = 'a 1 TXT "x;y" ( "a ) b" ; not ( this\n "c\\"d" ) ; nor that\nb 1 TXT a\\;b "" \\"\r\n'
    expect(shown(text)).toEqual([
      'a.example.com. 1 IN TXT "x;y" "a ) b" "c\\"d"',
      'b.example.com. 1 IN TXT "a;b" "" "\\""',
    ])
  })

  it('takes a type for an owner where an owner stands', () => {
    expect(shown('mx 1 A 1.1.1.1\n1 1 A 1.1.1.1\nin 1 MX 1 in')).toEqual([
      'mx.example.com. 1 IN A 1.1.1.1',
      '1.example.com. 1 IN A 1.1.1.1',
      'in.example.com. 1 IN MX 1 in.example.com.',
    ])
  })

  it('is empty for nothing but space and comments', () => {
    expect(shown('\n ; x\n\t\n  \r\n; y')).toEqual([])
  })

  it.each([
    ['no TTL anywhere', 'a A 1.1.1.1', 1],
    ['no owner before', '$TTL 1\n  A 1.1.1.1', 2],
    ['no type', 'a 1 IN', 1],
    ['an unknown type', '\na 1 IN NOPE x', 2],
    ['bad rdata', 'a 1 A 1.1.1.1\nb 1 A 1.1.1', 2],
    ['bad rdata in a later line of the record', 'a 1 SOA a b (\n 1\n 2\n x 4 5 )', 4],
    ['an unclosed quote', 'a 1 TXT "x\ny"', 1],
    ['an unclosed parenthesis', 'a 1 TXT (x\ny', 2],
    ['a parenthesis too many', 'a 1 TXT x )', 1],
    ['a TTL above 2^31-1', 'a 2147483648 A 1.1.1.1', 1],
    ['a bad owner', 'a..b 1 A 1.1.1.1', 1],
    ['$INCLUDE', '$INCLUDE /etc/passwd', 1],
    ['$GENERATE', '$GENERATE 1-4000000000 a A 1.1.1.1', 1],
    ['$TTL without a value', '$TTL', 1],
    ['$ORIGIN with two', '$ORIGIN a b', 1],
    ['OPT', 'a 1 OPT \\# 0', 1],
    ['a question type', 'a 1 AXFR \\# 0', 1],
  ])('refuses %s and says where', (_, text, line) => {
    const detail = thrownBy(() => shown(text), 'DNS_BAD_TEXT').detail as BadTextDetail
    expect(detail.line).toBe(line)
    expect(detail.column).toBeGreaterThan(0)
  })

  it('throws nothing but DNS_BAD_TEXT for any text', () => {
    const piece = fc.oneof(
      fc.constantFrom(
        'a',
        ' ',
        '\n',
        '(',
        ')',
        '"',
        '\\',
        ';',
        '$TTL',
        '$ORIGIN',
        '1',
        'A',
        'SVCB',
        'TXT',
        'LOC',
        'key1="x',
        '\\#',
        '\\0',
        'IN',
        '.',
        '@',
        '\0',
        'ü',
      ),
      fc.string({ maxLength: 5 }),
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        try {
          parseZone(pieces.join(' '), { origin, defaultTtl: 1 })
        } catch {
          thrownBy(() => parseZone(pieces.join(' '), { origin, defaultTtl: 1 }), 'DNS_BAD_TEXT')
        }
      }),
      { numRuns: 1_000 },
    )
  })
})

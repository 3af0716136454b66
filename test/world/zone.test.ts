import { describe, expect, it } from 'vitest'
import {
  nameToText,
  parseName,
  Rcode,
  type RRset,
  rrsetToRecords,
  typeFromText,
  typeToText,
} from '../../src/dns/index.ts'
import { texts } from './ask.ts'
import { answerFrom, loadZone, zoneFor } from './zone.ts'

const ZONE = loadZone(
  'example.com.',
  `
$TTL 3600
@            IN SOA ns1 hostmaster 1 7200 3600 1209600 300
@            NS   ns1
@            NS   ns.other.net.
ns1          A    192.0.2.53
www          A    192.0.2.1
www          A    192.0.2.2
alias        CNAME www
away         CNAME www.example.net.
dead         CNAME nothing
twice        CNAME alias
loop         CNAME loop
into         CNAME host.sub
*.wild       TXT  "any"
host.wild    A    192.0.2.3
*.cw         CNAME www
deep.empty   A    192.0.2.4
sub          NS   ns.sub
sub          NS   ns1
ns.sub       A    192.0.2.54
signed       NS   ns.signed
signed       DS   1 8 2 00112233
ns.signed    A    192.0.2.55
dn           DNAME target
host.target  A    192.0.2.5
@            MX   10 mail
mail         A    192.0.2.25
odd          TYPE65280 \\# 2 ABCD
`,
)

function look(name: string, type: string, dnssecOk = false) {
  const answer = answerFrom(
    ZONE,
    { name: name === '@' ? ZONE.origin : parseName(name, ZONE.origin), type: typeFromText(type)!, class: 1 },
    dnssecOk,
  )
  const short = (sets: readonly RRset[]) =>
    sets.flatMap((set) => texts([...rrsetToRecords(set)]).map((line) => `${nameToText(set.name)} ${line}`))
  return {
    ...answer,
    answers: short(answer.answers),
    authorities: short(answer.authorities),
    additionals: short(answer.additionals),
    sets: answer,
  }
}

describe('an authoritative answer', () => {
  it('holds the whole set, with AA', () => {
    const found = look('WWW', 'A')
    expect(found).toMatchObject({ kind: 'answer', aa: true, rcode: 0, authorities: [] })
    expect(found.answers).toEqual(['WWW.example.com. A 192.0.2.1', 'WWW.example.com. A 192.0.2.2'])
  })
  it('adds the addresses of name servers and mail hosts', () => {
    expect(look('@', 'MX').additionals).toEqual(['mail.example.com. A 192.0.2.25'])
    expect(look('@', 'NS').additionals).toEqual(['ns1.example.com. A 192.0.2.53'])
  })
  it('knows unknown types', () => {
    expect(look('odd', 'TYPE65280').answers).toEqual(['odd.example.com. TYPE65280 \\# 2 ABCD'])
  })
  it('gives all sets of a name for ANY', () => {
    expect(
      look('@', 'ANY')
        .sets.answers.map(({ type }) => typeToText(type))
        .sort(),
    ).toEqual(['MX', 'NS', 'SOA'])
  })
})

describe('an absence', () => {
  it('of the type is NODATA with the SOA', () => {
    const found = look('www', 'AAAA')
    expect(found).toMatchObject({ kind: 'nodata', aa: true, rcode: Rcode.NOERROR, answers: [] })
    expect(found.sets.authorities.map(({ type, ttl }) => [typeToText(type), ttl])).toEqual([['SOA', 300]])
  })
  it('of the name is NXDOMAIN with the SOA', () => {
    const found = look('nothing', 'A')
    expect(found).toMatchObject({ kind: 'nxdomain', aa: true, rcode: Rcode.NXDOMAIN, answers: [] })
    expect(found.sets.authorities[0]!.ttl).toBe(300)
  })
  it('at an empty non-terminal is NODATA', () => {
    expect(look('empty', 'A').kind).toBe('nodata')
    expect(look('other.empty', 'A').kind).toBe('nxdomain')
  })
})

describe('aliases', () => {
  it('are followed inside the zone', () => {
    expect(look('twice', 'A').answers).toHaveLength(4)
    expect(look('alias', 'CNAME').answers).toEqual(['alias.example.com. CNAME www.example.com.'])
  })
  it('end at the border of the zone', () => {
    expect(look('away', 'A')).toMatchObject({ kind: 'answer', answers: ['away.example.com. CNAME www.example.net.'] })
  })
  it('to nothing are NXDOMAIN with the alias', () => {
    expect(look('dead', 'A')).toMatchObject({
      rcode: Rcode.NXDOMAIN,
      answers: ['dead.example.com. CNAME nothing.example.com.'],
    })
  })
  it('into a child zone come with the referral', () => {
    expect(look('into', 'A')).toMatchObject({
      kind: 'referral',
      aa: true,
      answers: ['into.example.com. CNAME host.sub.example.com.'],
    })
  })
  it('in a circle end', () => {
    expect(look('loop', 'A').answers.length).toBeLessThan(30)
  })
  it('by DNAME are synthesised', () => {
    expect(look('host.dn', 'A').answers).toEqual([
      'dn.example.com. DNAME target.example.com.',
      'host.dn.example.com. CNAME host.target.example.com.',
      'host.target.example.com. A 192.0.2.5',
    ])
    expect(look('dn', 'A').kind).toBe('nodata')
    expect(look('dn', 'DNAME').answers).toHaveLength(1)
  })
})

describe('wildcards', () => {
  it('take the asked name', () => {
    expect(look('a.b.wild', 'TXT').answers).toEqual(['a.b.wild.example.com. TXT "any"'])
    expect(look('a.wild', 'A').kind).toBe('nodata')
    expect(look('a.cw', 'A').answers).toHaveLength(3)
  })
  it('do not cover what exists', () => {
    expect(look('host.wild', 'TXT').kind).toBe('nodata')
    expect(look('x.host.wild', 'TXT').kind).toBe('nxdomain')
    expect(look('wild', 'TXT').kind).toBe('nodata')
  })
})

describe('referrals', () => {
  it('carry the NS set and glue, without AA', () => {
    const found = look('a.b.sub', 'A')
    expect(found).toMatchObject({ kind: 'referral', aa: false, answers: [] })
    expect(found.authorities).toEqual([
      'sub.example.com. NS ns.sub.example.com.',
      'sub.example.com. NS ns1.example.com.',
    ])
    expect(found.additionals).toEqual(['ns.sub.example.com. A 192.0.2.54', 'ns1.example.com. A 192.0.2.53'])
  })
  it('are what glue and the NS set of the child get', () => {
    expect(look('ns.sub', 'A').kind).toBe('referral')
    expect(look('sub', 'NS').kind).toBe('referral')
  })
  it('carry the DS with DO; the DS itself is answered by the parent', () => {
    expect(look('x.signed', 'A', true).authorities).toContain('signed.example.com. DS 1 8 2 00112233')
    expect(look('x.signed', 'A').authorities).toHaveLength(1)
    expect(look('signed', 'DS')).toMatchObject({ kind: 'answer', aa: true })
    expect(look('sub', 'DS')).toMatchObject({ kind: 'nodata', aa: true })
  })
})

describe('the zone that answers', () => {
  const zones = ['.', 'com.', 'example.com.'].map((text) => ({ origin: parseName(text) }))
  const origin = (name: string, type: string) =>
    nameToText(zoneFor(zones, { name: parseName(name), type: typeFromText(type)!, class: 1 })!.origin)
  it('is the deepest, but the parent for DS', () => {
    expect(origin('www.example.com', 'A')).toBe('example.com.')
    expect(origin('example.com', 'NS')).toBe('example.com.')
    expect(origin('example.com', 'DS')).toBe('com.')
    expect(origin('www.example.com', 'DS')).toBe('example.com.')
    expect(origin('.', 'DS')).toBe('.')
  })
})

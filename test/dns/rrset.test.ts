import { describe, expect, it } from 'vitest'
import {
  Class,
  groupRRsets,
  parseName,
  parseZone,
  type ResourceRecord,
  rrsetKey,
  rrsetToRecords,
  Type,
} from '../../src/dns/index.ts'

const zone = (text: string) => parseZone(text, { origin: parseName('example'), defaultTtl: 300 })
const signature = (covered: string, tag = 1) => `RRSIG ${covered} 8 1 60 20300101000000 20200101000000 ${tag} @ 3q0=`

describe('groupRRsets', () => {
  it('keeps the order of first appearance, and of rdata within a set', () => {
    const sets = groupRRsets(zone('b A 2.2.2.2\na A 1.1.1.1\nB A 1.1.1.1\nb TXT x\nb A 3.3.3.3'))
    expect(sets.map(({ name, type, rdatas }) => [name.key, type, rdatas.map((rdata) => rdata[0])])).toEqual([
      [parseName('b.example').key, Type.A, [2, 1, 3]],
      [parseName('a.example').key, Type.A, [1]],
      [parseName('b.example').key, Type.TXT, [1]],
    ])
  })

  it('takes the least TTL, of records and signatures (RFC 2181 section 5.2)', () => {
    expect(groupRRsets(zone('a 60 A 1.1.1.1\na 30 A 2.2.2.2\na 90 A 3.3.3.3'))[0]!.ttl).toBe(30)
    expect(groupRRsets(zone(`a 60 A 1.1.1.1\na 20 ${signature('A')}`))[0]!.ttl).toBe(20)
  })

  it('counts equal rdata once, in small sets and in large ones', () => {
    expect(groupRRsets(zone('a A 1.1.1.1\na A 1.1.1.1'))[0]!.rdatas).toHaveLength(1)
    const many: ResourceRecord[] = Array.from({ length: 5_000 }, (_, i) => ({
      ...zone('a A 1.1.1.1')[0]!,
      rdata: Uint8Array.of(10, 0, (i % 1_000) >> 8, i & 0xff),
    }))
    const distinct = new Set(many.map(({ rdata }) => rdata.join())).size
    expect(groupRRsets(many)[0]!.rdatas).toHaveLength(distinct)
  })

  it('puts signatures with the set they cover, wherever they stand', () => {
    const sets = groupRRsets(
      zone(`a ${signature('A')}\na A 1.1.1.1\na TXT x\na ${signature('A', 2)}\na ${signature('TXT')}`),
    )
    expect(sets.map(({ type, signatures }) => [type, signatures.length])).toEqual([
      [Type.A, 2],
      [Type.TXT, 1],
    ])
  })

  it('keeps signatures without their set as a set of their own', () => {
    const sets = groupRRsets(zone(`a ${signature('A')}\nb A 1.1.1.1\nb ${signature('TXT')}\na ${signature('MX')}`))
    expect(sets.map(({ type, rdatas, signatures }) => [type, rdatas.length, signatures.length])).toEqual([
      [Type.A, 1, 0],
      [Type.RRSIG, 2, 0],
      [Type.RRSIG, 1, 0],
    ])
  })

  it('does not mix owners or classes', () => {
    const [record] = zone('a A 1.1.1.1')
    const chaos = { ...record!, class: Class.CH }
    expect(groupRRsets([record!, chaos])).toHaveLength(2)
    const covering = zone(`a ${signature('A')}`)[0]!
    expect(groupRRsets([chaos, covering]).map(({ type }) => type)).toEqual([Type.A, Type.RRSIG])
  })

  it('takes an RRSIG too short to say what it covers as one without its set', () => {
    const record = { ...zone('a A 1.1.1.1')[0]!, type: Type.RRSIG, rdata: new Uint8Array(1) }
    expect(groupRRsets([record])[0]!.type).toBe(Type.RRSIG)
  })
})

describe('rrsetToRecords', () => {
  const [rrset] = groupRRsets(zone(`a A 1.1.1.1\na A 2.2.2.2\na ${signature('A')}`))

  it('is the inverse of groupRRsets', () => {
    expect(groupRRsets(rrsetToRecords(rrset!))).toEqual([rrset])
  })

  it('leaves signatures out and sets the TTL when asked', () => {
    const records = rrsetToRecords(rrset!, { ttl: 7, signatures: false })
    expect(records.map(({ type, ttl }) => [type, ttl])).toEqual([
      [Type.A, 7],
      [Type.A, 7],
    ])
  })
})

describe('rrsetKey', () => {
  it('is caseless in the owner and distinct in all else', () => {
    const a = parseName('a.example')
    expect(rrsetKey(a, 1)).toBe(rrsetKey(parseName('A.EXAMPLE'), 1, Class.IN))
    const keys = [rrsetKey(a, 1), rrsetKey(a, 11), rrsetKey(a, 1, 11), rrsetKey(parseName('example'), 1)]
    expect(new Set(keys).size).toBe(4)
  })
})

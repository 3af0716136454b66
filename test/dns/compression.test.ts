import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { toHex } from '../../src/base/index.ts'
import {
  buildRdata,
  decodeMessage,
  dnsLimits,
  encodeMessage,
  type Message,
  makeQuery,
  type Name,
  parseName,
  prependLabel,
  type ResourceRecord,
  ROOT,
  Type,
} from '../../src/dns/index.ts'
import { CompressionTable } from '../../src/dns/message/compression.ts'
import { name } from './arbitrary.ts'

const query = makeQuery({ id: 1, name: parseName('www.example.com'), type: Type.A, rd: false })
const withAnswers = (answers: readonly ResourceRecord[]): Message => ({ ...query, answers })
const owned = (owner: Name, type: number, rdata: Uint8Array): ResourceRecord => ({
  name: owner,
  type,
  class: 1,
  ttl: 0,
  rdata,
})
const cname = (owner: Name, target: Name) => owned(owner, Type.CNAME, target.wire)

describe('compression', () => {
  it('points owners and RFC 1035 targets back, the way RFC 1035 section 4.1.4 draws it', () => {
    const bytes = encodeMessage(withAnswers([cname(parseName('www.example.com'), parseName('a.example.com'))]))
    expect(toHex(bytes.subarray(12))).toBe(
      '03777777076578616d706c6503636f6d00' + '00010001' + 'c00c' + '0005000100000000' + '0004' + '0161' + 'c010',
    )
  })

  it('never merges suffixes that differ in case, so that 0x20 and owner case survive', () => {
    const names = ['WWW.example.com', 'www.EXAMPLE.com', 'www.example.COM', 'www.example.com'].map((text) =>
      parseName(text),
    )
    const message = withAnswers(names.map((one) => cname(one, one)))
    const { answers } = decodeMessage(encodeMessage(message))
    expect(answers).toEqual(message.answers)
  })

  it('leaves names alone in types that came after RFC 1035 (RFC 3597 section 4)', () => {
    const target = parseName('www.example.com')
    const records: ResourceRecord[] = [
      owned(target, Type.SRV, buildRdata({ type: Type.SRV, priority: 1, weight: 2, port: 3, target })),
      owned(target, Type.DNAME, target.wire),
      owned(target, Type.NSEC, buildRdata({ type: Type.NSEC, next: target, types: [1] })),
      owned(target, Type.SVCB, buildRdata({ type: Type.SVCB, priority: 1, target, params: [] })),
      owned(target, 65_280, target.wire),
    ]
    for (const record of records) {
      const bytes = encodeMessage(withAnswers([record]))
      expect(toHex(bytes)).toContain(toHex(record.rdata))
    }
  })

  it('compresses every RFC 1035 type with names', () => {
    const target = parseName('www.example.com')
    const twoNames = Uint8Array.from([...target.wire, ...target.wire])
    const rdatas: [type: number, rdata: Uint8Array, saved: number][] = [
      [Type.NS, target.wire, 15],
      [Type.PTR, target.wire, 15],
      [Type.MX, Uint8Array.from([0, 1, ...target.wire]), 15],
      [Type.SOA, Uint8Array.from([...twoNames, ...new Uint8Array(20)]), 30],
      [14, twoNames, 30],
    ]
    for (const [type, rdata, saved] of rdatas) {
      const message = withAnswers([owned(ROOT, type, rdata)])
      expect(encodeMessage(message, { compress: false }).length - encodeMessage(message).length).toBe(saved)
      expect(decodeMessage(encodeMessage(message))).toEqual(message)
    }
  })

  it('points at nothing beyond the reach of 14 bits', () => {
    const filler = owned(ROOT, 65_280, new Uint8Array(16_400))
    const late = parseName('late.example.org')
    const message = withAnswers([filler, cname(late, late), cname(late, parseName('www.example.com'))])
    const bytes = encodeMessage(message)
    expect(decodeMessage(bytes)).toEqual(message)
    // Three times in full, as no pointer reaches it; the early name is still pointed at.
    expect(toHex(bytes).split(toHex(late.wire)).length - 1).toBe(3)
    expect(toHex(bytes).endsWith('0002c00c')).toBe(true)
  })

  it('keeps the meaning of any set of names', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(name, name), { maxLength: 40 }), (pairs) => {
        const message = withAnswers(pairs.map(([owner, target]) => cname(owner, target)))
        expect(decodeMessage(encodeMessage(message))).toEqual(message)
      }),
      { numRuns: 200 },
    )
  })

  it('stays correct past the bounds on targets and comparisons (CVE-2024-8508)', () => {
    // Each name brings new suffixes until the table is full; then each owner is asked for again.
    const owners = Array.from({ length: 1_200 }, (_, i) => prependLabel(`n${i}`, prependLabel(`z${i % 600}`, ROOT)))
    expect(owners.length * 2).toBeGreaterThan(dnsLimits.MAX_COMPRESSION_TARGETS)
    const message = withAnswers([...owners, ...owners].map((owner) => owned(owner, 65_280, new Uint8Array())))
    const bytes = encodeMessage(message)
    expect(decodeMessage(bytes)).toEqual(message)
    expect(bytes.length).toBeLessThan(encodeMessage(message, { compress: false }).length)
  })

  it('stops comparing after its share of work for one message, and begins anew with the next', () => {
    const { wire } = parseName('www.example.com')
    const out = new Uint8Array(1_024)
    const table = new CompressionTable()
    table.clear()
    expect(table.write(wire, 0, out, 12)).toBe(12 + wire.length)
    for (let i = 0; i < dnsLimits.MAX_COMPRESSION_COMPARES; i++) expect(table.write(wire, 0, out, 500)).toBe(502)
    expect(table.write(wire, 0, out, 500)).toBe(500 + wire.length)
    table.clear()
    expect(table.write(wire, 0, out, 500)).toBe(500 + wire.length)
    expect(table.write(wire, 0, out, 600)).toBe(602)
  })

  it('tells names apart whose hashes are equal', () => {
    // Found by search: both labels have the hash -1526964625 as the last of a name.
    const message = withAnswers([
      cname(parseName('hbtdht'), parseName('jksrzr')),
      cname(parseName('jksrzr'), parseName('a.hbtdht')),
    ])
    expect(decodeMessage(encodeMessage(message))).toEqual(message)
  })

  it('finds nothing of an earlier message', () => {
    const first = withAnswers([cname(parseName('a.example.org'), parseName('b.example.org'))])
    const second = withAnswers([cname(parseName('c.example.org'), parseName('d.example.net'))])
    const alone = encodeMessage(second)
    encodeMessage(first)
    expect(encodeMessage(second)).toEqual(alone)
    expect(decodeMessage(alone)).toEqual(second)
  })
})

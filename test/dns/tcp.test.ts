import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concatBytes } from '../../src/base/index.ts'
import { framedForTcp, TcpMessageReader } from '../../src/dns/index.ts'

function drain(reader: TcpMessageReader): Uint8Array[] {
  const out: Uint8Array[] = []
  for (let message = reader.next(); message !== undefined; message = reader.next()) out.push(message)
  return out
}

/** The stream in pieces of these sizes, over and over. */
function* pieces(stream: Uint8Array, sizes: readonly number[]): Generator<Uint8Array> {
  for (let at = 0, turn = 0; at < stream.length; turn++) {
    const size = sizes[turn % sizes.length]!
    yield stream.subarray(at, at + size)
    at += size
  }
}

const cuts = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1 })

describe('messages over TCP', () => {
  const messages = fc.array(fc.uint8Array({ maxLength: 400 }), { maxLength: 6 })

  it('come back however the stream was cut, between the bytes of a length too', () => {
    fc.assert(
      fc.property(messages, cuts, (sent, sizes) => {
        const reader = new TcpMessageReader()
        const got = [...pieces(concatBytes(...sent.map(framedForTcp)), sizes)].flatMap((piece) => reader.feed(piece))
        expect(got).toEqual(sent)
        expect(reader.broken).toBe(false)
      }),
    )
  })

  it('come back byte by byte, the longest one too', () => {
    const sent = new Uint8Array(65_535).fill(7)
    const reader = new TcpMessageReader()
    const got = [...framedForTcp(sent)].flatMap((byte) => reader.feed(Uint8Array.of(byte)))
    expect(got).toEqual([sent])
  })

  it('are copies: the buffer they came in may be used again', () => {
    const sent = new Uint8Array(12).fill(7)
    const stream = framedForTcp(sent)
    const [got] = new TcpMessageReader().feed(stream)
    const reader = new TcpMessageReader({ minBytes: 12, maxBytes: 100 })
    reader.push(stream)
    stream.fill(0)
    expect(got).toEqual(sent)
    expect(reader.next()).toEqual(sent)
  })
})

describe('messages over TCP within bounds', () => {
  it('come out one by one, whole and in order, however the stream was cut', () => {
    const messages = fc.array(fc.uint8Array({ minLength: 12, maxLength: 300 }), { maxLength: 8 })
    fc.assert(
      fc.property(messages, cuts, (sent, sizes) => {
        const reader = new TcpMessageReader({ minBytes: 12, maxBytes: 300 })
        const got: Uint8Array[] = []
        for (const piece of pieces(concatBytes(...sent.map(framedForTcp)), sizes)) {
          reader.push(piece)
          got.push(...drain(reader))
        }
        expect(got).toEqual(sent)
        expect(reader.broken).toBe(false)
      }),
    )
  })

  it.each([0, 11, 101, 65_535])('that has %i bytes break the stream', (length) => {
    const reader = new TcpMessageReader({ minBytes: 12, maxBytes: 100 })
    reader.push(framedForTcp(new Uint8Array(12)))
    reader.push(Uint8Array.of(length >> 8, length & 255))
    reader.push(framedForTcp(new Uint8Array(12)))
    expect(reader.broken).toBe(true)
    expect(drain(reader)).toHaveLength(1)
  })
})

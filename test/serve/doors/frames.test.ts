import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concatBytes } from '../../../src/base/index.ts'
import { FrameReader, framed } from '../../../src/serve/doors/frames.ts'

function drain(reader: FrameReader): Uint8Array[] {
  const out: Uint8Array[] = []
  for (let message = reader.next(); message !== undefined; message = reader.next()) out.push(message)
  return out
}

describe('frames', () => {
  it('come out whole and in order, however the stream is cut', () => {
    const messages = fc.array(fc.uint8Array({ minLength: 12, maxLength: 300 }), { maxLength: 8 })
    fc.assert(
      fc.property(messages, fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1 }), (sent, cuts) => {
        const stream = concatBytes(...sent.map(framed))
        const reader = new FrameReader(300)
        const got: Uint8Array[] = []
        for (let at = 0, i = 0; at < stream.length; i++) {
          const size = cuts[i % cuts.length]!
          reader.push(stream.subarray(at, at + size))
          got.push(...drain(reader))
          at += size
        }
        expect(got).toEqual(sent)
        expect(reader.broken).toBe(false)
      }),
    )
  })

  it('do not alias the bytes they came in', () => {
    const reader = new FrameReader(100)
    const stream = framed(new Uint8Array(12).fill(7))
    reader.push(stream)
    stream.fill(0)
    expect(reader.next()).toEqual(new Uint8Array(12).fill(7))
  })

  it.each([0, 11, 101, 65_535])('of %i bytes break the stream', (length) => {
    const reader = new FrameReader(100)
    reader.push(framed(new Uint8Array(12)))
    reader.push(Uint8Array.of(length >> 8, length & 255))
    reader.push(framed(new Uint8Array(12)))
    expect(reader.broken).toBe(true)
    expect(drain(reader)).toHaveLength(1)
  })
})

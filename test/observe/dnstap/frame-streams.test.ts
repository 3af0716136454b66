import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ControlReader, controlFrame, DNSTAP_CONTENT, dataFrames } from '../../../src/observe/dnstap/frame-streams.ts'
import { framesOf } from './reading.ts'

const joined = (...parts: Uint8Array[]) => new Uint8Array(Buffer.concat(parts))

describe('frames', () => {
  it('come out of the stream as they went in, control frames between data', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 })), (payloads) => {
        const stream = joined(controlFrame('start', DNSTAP_CONTENT), dataFrames(payloads), controlFrame('stop'))
        expect(framesOf(stream)).toEqual({
          control: [2, 3],
          payloads: payloads.map((one) => Uint8Array.from(one)),
          rest: 0,
        })
      }),
    )
  })

  it('START is byte for byte what fstrm writes', () => {
    expect(Buffer.from(controlFrame('start', DNSTAP_CONTENT)).toString('hex')).toBe(
      `00000000${'00000022'}${'00000002'}${'00000001'}${'00000016'}${Buffer.from('protobuf:dnstap.Dnstap').toString('hex')}`,
    )
  })
})

describe('the reader of control frames', () => {
  const stream = joined(controlFrame('accept', DNSTAP_CONTENT), controlFrame('finish'))

  it('finds them however they are cut', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: stream.length })), (cuts) => {
        const reader = new ControlReader()
        const places = [0, ...cuts.sort((a, b) => a - b), stream.length]
        const frames = places.slice(1).flatMap((end, i) => reader.push(stream.subarray(places[i], end)))
        expect(frames).toEqual([
          { type: 'accept', contentTypes: [DNSTAP_CONTENT] },
          { type: 'finish', contentTypes: [] },
        ])
      }),
    )
  })

  it.each([
    ['data', '00000004' + '01020304', 'sends data'],
    ['a frame without a type', '00000000' + '00000003', '3 octets'],
    ['an endless frame', '00000000' + 'ffffffff', '4294967295 octets'],
    ['a type that nobody knows', '00000000' + '00000004' + '00000009', 'type 9'],
    ['a field of another kind', '00000000' + '0000000c' + '00000001' + '00000002' + '00000000', 'ends early'],
    ['a field longer than its frame', '00000000' + '0000000c' + '00000001' + '00000001' + '00000009', 'ends early'],
    ['half a field', '00000000' + '00000008' + '00000001' + '00000001', 'ends early'],
  ])('refuses %s', (_what, hex, message) => {
    expect(() => new ControlReader().push(Buffer.from(hex, 'hex'))).toThrow(message)
  })

  it('never holds more than one frame, whatever comes', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 50 })), (chunks) => {
        const reader = new ControlReader()
        try {
          for (const chunk of chunks) reader.push(chunk)
        } catch (error) {
          expect(error).toBeInstanceOf(Error)
        }
      }),
    )
  })
})

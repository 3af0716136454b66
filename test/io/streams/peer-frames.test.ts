import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { baseLimits, ChordnsError } from '../../../src/base/index.ts'
import { encodePeerFrame, type PeerFrame, PeerFrameKind, PeerFrameReader } from '../../../src/io/streams/peer-frames.ts'

const frame = fc.record<PeerFrame>({
  id: fc.integer({ min: 0, max: 0xffff_ffff }),
  kind: fc.constantFrom(...Object.values(PeerFrameKind)),
  payload: fc.uint8Array({ maxLength: 300 }),
})

const reader = () => new PeerFrameReader(baseLimits.MAX_FRAME_BYTES)

/** Cuts bytes where the numbers say. */
function cut(bytes: Uint8Array, sizes: readonly number[]): Uint8Array[] {
  const pieces: Uint8Array[] = []
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const end = at + (sizes[i % sizes.length] ?? bytes.length)
    pieces.push(bytes.subarray(at, end))
    at = end
  }
  return pieces
}

function codeOf(run: () => unknown): string | undefined {
  try {
    run()
    return undefined
  } catch (error) {
    if (error instanceof ChordnsError) return error.code
    throw error
  }
}

describe('frames', () => {
  it('come out as they went in, wherever the stream was cut', () => {
    fc.assert(
      fc.property(
        fc.array(frame, { maxLength: 20 }),
        fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 10 }),
        (frames, sizes) => {
          const bytes = Buffer.concat(frames.map(encodePeerFrame))
          const read = reader()
          expect(cut(bytes, sizes).flatMap((piece) => [...read.feed(piece)])).toEqual(frames)
        },
      ),
    )
  })

  it('come byte by byte', () => {
    const read = reader()
    const bytes = encodePeerFrame({ id: 7, kind: PeerFrameKind.REPLY, payload: Uint8Array.of(1, 2, 3) })
    const found = [...bytes].map((byte) => [...read.feed(Uint8Array.of(byte))])
    expect(found.slice(0, -1).flat()).toEqual([])
    expect(found.at(-1)).toHaveLength(1)
  })

  it('have the layout that the protocol says', () => {
    expect(encodePeerFrame({ id: 0x01020304, kind: PeerFrameKind.REQUEST, payload: Uint8Array.of(9) })).toEqual(
      Uint8Array.of(0, 0, 0, 6, 1, 2, 3, 4, 1, 9),
    )
  })

  it('may be as large as allowed, and no larger', () => {
    const most = encodePeerFrame({
      id: 1,
      kind: PeerFrameKind.REPLY,
      payload: new Uint8Array(baseLimits.MAX_FRAME_BYTES),
    })
    expect([...reader().feed(most)]).toHaveLength(1)
    const payload = new Uint8Array(baseLimits.MAX_FRAME_BYTES + 1)
    expect(codeOf(() => encodePeerFrame({ id: 1, kind: PeerFrameKind.REPLY, payload }))).toBe('PEER_OVERSIZE')
  })

  it.each([
    ['longer than allowed', [0, 1, 0, 6]],
    ['as long as four bytes can say', [255, 255, 255, 255]],
    ['shorter than their own head', [0, 0, 0, 4]],
    ['of no length', [0, 0, 0, 0]],
  ])('are refused when %s, before their content has come', (_, length) => {
    expect(codeOf(() => [...reader().feed(Uint8Array.from(length))])).toBe('PEER_MALFORMED')
  })

  it('are refused when their kind is unknown', () => {
    for (const kind of [0, 5, 255])
      expect(codeOf(() => [...reader().feed(Uint8Array.of(0, 0, 0, 5, 0, 0, 0, 1, kind))])).toBe('PEER_MALFORMED')
  })

  it('before a malformed one still count', () => {
    const good = encodePeerFrame({ id: 1, kind: PeerFrameKind.REPLY, payload: new Uint8Array(0) })
    const seen: PeerFrame[] = []
    const both = Buffer.concat([good, Uint8Array.of(255, 255, 255, 255)])
    expect(
      codeOf(() => {
        for (const one of reader().feed(both)) seen.push(one)
      }),
    ).toBe('PEER_MALFORMED')
    expect(seen).toHaveLength(1)
  })

  it('follow a bound that changes between two of them', () => {
    const read = new PeerFrameReader(10)
    const small = encodePeerFrame({ id: 1, kind: PeerFrameKind.HELLO, payload: new Uint8Array(10) })
    const large = encodePeerFrame({ id: 1, kind: PeerFrameKind.REQUEST, payload: new Uint8Array(11) })
    const seen: number[] = []
    for (const { payload } of read.feed(Buffer.concat([small, large]))) {
      seen.push(payload.length)
      read.maxPayload = 11
    }
    expect(seen).toEqual([10, 11])
    expect(codeOf(() => [...new PeerFrameReader(10).feed(large)])).toBe('PEER_MALFORMED')
  })

  it('do not share memory with the stream that they came from', () => {
    const bytes = Buffer.from(encodePeerFrame({ id: 1, kind: PeerFrameKind.REPLY, payload: Uint8Array.of(1, 2) }))
    const [one] = [...reader().feed(bytes)]
    bytes.fill(0)
    expect(one!.payload).toEqual(Uint8Array.of(1, 2))
  })

  it('cost time in proportion to their bytes, however small the pieces', () => {
    // Joining at each piece would copy 65,536 x 65,536 / 2 bytes: 2 GB for one frame.
    const bytes = encodePeerFrame({
      id: 1,
      kind: PeerFrameKind.REPLY,
      payload: new Uint8Array(baseLimits.MAX_FRAME_BYTES),
    })
    const set = Uint8Array.prototype.set
    let copied = 0
    Uint8Array.prototype.set = function (this: Uint8Array, source: ArrayLike<number>, at?: number) {
      copied += source.length
      set.call(this, source, at)
    }
    try {
      const read = reader()
      const found = cut(bytes, [1]).flatMap((piece) => [...read.feed(piece)])
      expect(found).toHaveLength(1)
    } finally {
      Uint8Array.prototype.set = set
    }
    expect(copied).toBeLessThan(4 * bytes.length)
  })
})

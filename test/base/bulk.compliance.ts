/** What a Transport promises of bulks, tried on each implementation. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { baseLimits, ChordnsError, type Random, type Transport } from '../../src/base/index.ts'
import { openDoorkeeper } from '../../src/ring/index.ts'
import type { World } from './transport.compliance.ts'

let draws = 0
const random: Random = { bytes: (length) => Uint8Array.from({ length }, () => ++draws % 251), below: () => 0 }
const door = openDoorkeeper({ ringId: 'bulk', random })
const OPTIONS = { timeoutMs: 2_000 }
const frame = (n: number, length = 1_000) => {
  const bytes = new Uint8Array(length)
  new DataView(bytes.buffer).setUint32(0, n)
  return bytes
}
const numberOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset).getUint32(0)

export function bulkCompliance(createWorld: () => Promise<World>): void {
  let world: World
  let a: Transport
  let b: Transport

  beforeEach(async () => {
    world = await createWorld()
    a = await world.transport('a', door)
    b = await world.transport('b', door)
    a.learn(b.self, b.addresses())
  })

  afterEach(() => world.close())

  async function all(bulk: AsyncIterable<Uint8Array>): Promise<Uint8Array[]> {
    const frames: Uint8Array[] = []
    for await (const one of bulk) frames.push(one)
    return frames
  }

  const codeOf = (work: Promise<unknown>) =>
    world.run(
      work.then(
        () => 'well',
        (error: unknown) => (error instanceof ChordnsError ? error.code : String(error)),
      ),
    )

  /** Frames without end; counts those that were made, and whether it was told to stop. */
  function endless(length: number) {
    const seen = { made: 0, stopped: false, aborted: false }
    b.onBulk(async function* (_, __, signal) {
      signal.addEventListener('abort', () => {
        seen.aborted = true
      })
      try {
        for (;;) yield frame(seen.made++, length)
      } finally {
        seen.stopped = true
      }
    })
    return seen
  }

  describe('a bulk', () => {
    it('brings the body to the handler, and all frames back in order', async () => {
      b.onBulk(async function* (from, body) {
        expect(from).toBe(a.self)
        for (let i = 0; i < 200; i++) yield Uint8Array.of(i, ...body)
      })
      const frames = await world.run(all(a.bulk(b.self, Uint8Array.of(7, 8), OPTIONS)))
      expect(frames).toEqual(Array.from({ length: 200 }, (_, i) => Uint8Array.of(i, 7, 8)))
    })

    it('may be empty, may have empty frames and whole ones', async () => {
      b.onBulk(async function* (_, body) {
        if (body.length > 0) yield* [new Uint8Array(), new Uint8Array(baseLimits.MAX_FRAME_BYTES).fill(5)]
      })
      expect(await world.run(all(a.bulk(b.self, new Uint8Array(), OPTIONS)))).toEqual([])
      const frames = await world.run(all(a.bulk(b.self, Uint8Array.of(1), OPTIONS)))
      expect(frames.map(({ length }) => length)).toEqual([0, baseLimits.MAX_FRAME_BYTES])
    })

    it('is made no faster than it is taken', async () => {
      const seen = endless(baseLimits.MAX_FRAME_BYTES)
      const frames = a.bulk(b.self, new Uint8Array(), OPTIONS)[Symbol.asyncIterator]()
      for (let i = 0; i < 20; i++) expect(numberOf((await world.run(frames.next())).value as Uint8Array)).toBe(i)
      await world.pass(300)
      // What is granted, and the one that waits for the next grant.
      expect(seen.made).toBeLessThanOrEqual(20 + baseLimits.BULK_WINDOW + 1)
      await world.run(frames.return!())
      await world.pass(300)
      expect(seen).toMatchObject({ stopped: true, aborted: true })
    })

    it('ends under back-pressure when the reader gives up, also while it waits', async () => {
      const seen = endless(1_000)
      const stop = new AbortController()
      const reading = a.bulk(b.self, new Uint8Array(), { ...OPTIONS, signal: stop.signal })[Symbol.asyncIterator]()
      await world.run(reading.next())
      stop.abort()
      expect(await codeOf(all({ [Symbol.asyncIterator]: () => reading }))).toBe('ABORTED')
      await world.pass(300)
      expect(seen.stopped).toBe(true)
    })

    it('fails under back-pressure when the source goes', async () => {
      endless(baseLimits.MAX_FRAME_BYTES)
      const reading = a.bulk(b.self, new Uint8Array(), OPTIONS)[Symbol.asyncIterator]()
      await world.run(reading.next())
      await world.run(b.close())
      expect(await codeOf(all({ [Symbol.asyncIterator]: () => reading }))).toBe('PEER_GONE')
    })

    it('lets the source go under back-pressure when the asker is gone', async () => {
      const seen = endless(baseLimits.MAX_FRAME_BYTES)
      const reading = a.bulk(b.self, new Uint8Array(), OPTIONS)[Symbol.asyncIterator]()
      await world.run(reading.next())
      await world.run(a.close())
      await world.pass(300)
      expect(seen).toMatchObject({ stopped: true, aborted: true })
    })

    it('fails with the code of what the handler throws, after the frames before it, and with nothing else of it', async () => {
      b.onBulk(async function* () {
        yield frame(1)
        throw new ChordnsError('STORE_FULL', 'a secret', {})
      })
      const got: Uint8Array[] = []
      const error = await world.run(
        (async () => {
          for await (const one of a.bulk(b.self, new Uint8Array(), OPTIONS)) got.push(one)
        })().catch((reason: ChordnsError) => reason),
      )
      expect(got).toHaveLength(1)
      expect(error).toMatchObject({ code: 'PEER_FAILED', detail: { remoteCode: 'STORE_FULL' } })
      expect(String(error)).not.toContain('secret')
    })

    it('fails while nobody answers bulks, on frames and bodies that are too long, and for silence', async () => {
      expect(await codeOf(all(a.bulk(b.self, new Uint8Array(), OPTIONS)))).toBe('PEER_FAILED')
      const whole = new Uint8Array(baseLimits.MAX_FRAME_BYTES + 1)
      expect(await codeOf(all(a.bulk(b.self, whole, OPTIONS)))).toBe('PEER_OVERSIZE')
      b.onBulk(async function* () {
        yield whole
      })
      expect(await codeOf(all(a.bulk(b.self, new Uint8Array(), OPTIONS)))).toBe('PEER_FAILED')
      b.onBulk(async function* (_, __, signal) {
        await new Promise((resolve) => signal.addEventListener('abort', resolve))
        yield frame(1)
      })
      expect(await codeOf(all(a.bulk(b.self, new Uint8Array(), { timeoutMs: 200 })))).toBe('PEER_TIMEOUT')
    })

    it('leaves room for small requests while it stands still, and for so many bulks of a peer', async () => {
      endless(baseLimits.MAX_FRAME_BYTES)
      b.onRequest((_, body) => body)
      const open = Array.from({ length: 4 }, () => a.bulk(b.self, new Uint8Array(), OPTIONS)[Symbol.asyncIterator]())
      for (const one of open) await world.run(one.next())
      expect(await world.run(a.request(b.self, Uint8Array.of(9), OPTIONS))).toEqual(Uint8Array.of(9))
      const more = a.bulk(b.self, new Uint8Array(), OPTIONS)
      const error = await world.run(all(more).catch((reason: ChordnsError) => reason))
      expect(error).toMatchObject({ code: 'PEER_FAILED', detail: { remoteCode: 'PEER_BUSY' } })
      for (const one of open) await world.run(one.return!())
      await world.pass(300)
      const again = a.bulk(b.self, new Uint8Array(), OPTIONS)[Symbol.asyncIterator]()
      expect((await world.run(again.next())).done).toBe(false)
      await world.run(again.return!())
    })

    it('reaches nobody whom hello keeps out', async () => {
      const c = await world.transport('c', openDoorkeeper({ ringId: 'another', random }))
      endless(10)
      c.learn(b.self, b.addresses())
      expect(await codeOf(all(c.bulk(b.self, new Uint8Array(), OPTIONS)))).toBe('PEER_REFUSED')
    })
  })
}

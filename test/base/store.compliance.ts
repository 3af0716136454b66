/** What a Store promises, tried on each implementation. */
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  compareBytes,
  isChordnsError,
  type Store,
  type StoreWrite,
  scopedStore,
  settled,
  toHex,
} from '../../src/base/index.ts'

export interface StoreWorld {
  open(): Store | Promise<Store>
  /** A store that has room for about 100 kB. */
  openSmall(): Store | Promise<Store>
  /** The process dies; the next `open` is another one's. */
  kill(): void | Promise<void>
  close(): void | Promise<void>
}

const bytes = (...values: number[]) => Uint8Array.from(values)
const put = (key: Uint8Array, value: Uint8Array): StoreWrite => ({ kind: 'put', key, value })
const drop = (key: Uint8Array): StoreWrite => ({ kind: 'delete', key })
const soon = { durable: false }
const all = (store: Store, from = bytes(), to?: Uint8Array) =>
  [...store.range(from, to)].map(([key, value]) => `${toHex(key)}=${toHex(value)}`)

/** The code of why it was not written; undefined when it was. */
async function tried(store: Store, writes: readonly StoreWrite[], durable = false): Promise<string | undefined> {
  try {
    store.batch(writes, { durable })
    const failure = await new Promise<Error | undefined>((resolve) => store.written(resolve))
    return isChordnsError(failure) ? failure.code : undefined
  } catch (error) {
    return isChordnsError(error) ? error.code : String(error)
  }
}

export function storeCompliance(createWorld: () => StoreWorld): void {
  let world: StoreWorld
  let store: Store

  beforeEach(async () => {
    world = createWorld()
    store = await world.open()
  })
  afterEach(() => world.close())

  it('gives back what was put, and nothing for what was not', () => {
    store.batch([put(bytes(1), bytes(7, 8)), put(bytes(2), bytes())], soon)
    expect(store.get(bytes(1))).toEqual(bytes(7, 8))
    expect(store.get(bytes(2))).toEqual(bytes())
    expect(store.get(bytes(3))).toBeUndefined()
    expect(store.get(bytes(1, 0))).toBeUndefined()
  })

  it('keeps its own copies', () => {
    const [key, value] = [bytes(1), bytes(5)]
    store.batch([put(key, value)], soon)
    key[0] = 9
    value[0] = 9
    expect(store.get(bytes(1))).toEqual(bytes(5))
    store.get(bytes(1))![0] = 9
    for (const pair of store.range(bytes())) pair[1][0] = 9
    expect(store.get(bytes(1))).toEqual(bytes(5))
  })

  it('keeps a value that comes in pieces as one', () => {
    const pieces = [bytes(1, 2), bytes(), new Uint8Array(100_000).fill(3), bytes(4)]
    store.batch(
      [
        { kind: 'put', key: bytes(1), value: pieces },
        { kind: 'put', key: bytes(2), value: [] },
      ],
      soon,
    )
    const whole = Uint8Array.from(pieces.flatMap((piece) => [...piece]))
    pieces[0]!.fill(9)
    expect(Buffer.compare(store.get(bytes(1))!, whole)).toBe(0)
    expect(store.get(bytes(2))).toEqual(bytes())
    expect([...store.range(bytes())].map(([, value]) => value.length)).toEqual([whole.length, 0])
  })

  it('orders keys as unsigned bytes, a prefix first, and takes the end of a range as open', () => {
    const keys = [bytes(0x80), bytes(), bytes(1), bytes(1, 0), bytes(0xff), bytes(0x7f, 0xff)]
    store.batch(
      keys.map((key) => put(key, bytes())),
      soon,
    )
    expect(all(store)).toEqual(['=', '01=', '0100=', '7fff=', '80=', 'ff='])
    expect(all(store, bytes(1), bytes(0x80))).toEqual(['01=', '0100=', '7fff='])
    expect(all(store, bytes(2), bytes(1))).toEqual([])
  })

  it('carries out a batch in its order', () => {
    store.batch([put(bytes(1), bytes(1)), drop(bytes(1)), put(bytes(2), bytes(1)), put(bytes(2), bytes(2))], soon)
    expect(all(store)).toEqual(['02=02'])
    store.batch([drop(bytes(2)), drop(bytes(9))], soon)
    expect(all(store)).toEqual([])
  })

  it('can be written to while it is read', () => {
    store.batch(
      Array.from({ length: 300 }, (_, i) => put(bytes(i >> 8, i), bytes(1))),
      soon,
    )
    let seen = 0
    for (const [key] of store.range(bytes())) {
      seen++
      store.batch([drop(key), put(bytes(9, 9, key[0]!, key[1]!), bytes(2))], { durable: seen % 2 === 0 })
      if (seen === 1_000) break
    }
    expect(seen).toBeGreaterThanOrEqual(300)
    expect(all(store, bytes(), bytes(9))).toEqual([])
  })

  it('refuses a batch that has no room, whole, and goes on', async () => {
    await world.close()
    const small = await world.openSmall()
    small.batch([put(bytes(1), bytes(1))], soon)
    const most = Array.from({ length: 40 }, (_, i) => put(bytes(2, i), new Uint8Array(10_000)))
    expect(await tried(small, [put(bytes(1), bytes(2)), ...most])).toBe('STORE_FULL')
    expect(all(small)).toEqual(['01=01'])
    expect(await tried(small, [put(bytes(1), bytes(3))], true)).toBeUndefined()
    expect(all(small)).toEqual(['01=03'])
  })

  it('is there again when it is opened again, and refuses to work when it is closed', async () => {
    store.batch([put(bytes(1), bytes(1))], soon)
    await store.close()
    await store.close()
    expect(() => store.get(bytes(1))).toThrow(expect.objectContaining({ code: 'STORE_CLOSED' }))
    expect(() => store.batch([put(bytes(1), bytes(2))], soon)).toThrow(
      expect.objectContaining({ code: 'STORE_CLOSED' }),
    )
    expect(() => [...store.range(bytes())]).toThrow(expect.objectContaining({ code: 'STORE_CLOSED' }))
    await world.close()
    expect(all(await world.open())).toEqual(['01=01'])
  })

  it('survives the death of the process with all that was written, durable or not', async () => {
    store.batch([put(bytes(1), bytes(1))], { durable: true })
    store.batch([put(bytes(2), bytes(2))], soon)
    await settled(store)
    await world.kill()
    expect(all(await world.open())).toEqual(['01=01', '02=02'])
  })

  it('says when it is written, whatever was written before', async () => {
    expect(await tried(store, [])).toBeUndefined()
    expect(await tried(store, [put(bytes(1), bytes(1))])).toBeUndefined()
    expect(all(store)).toEqual(['01=01'])
  })

  it('has one user at a time', async () => {
    await expect((async () => world.open())()).rejects.toMatchObject({ code: 'STORE_BUSY' })
    expect(store.get(bytes(1))).toBeUndefined()
  })

  it('does what a sorted map does', () => {
    const key = fc.uint8Array({ maxLength: 3 }).map((one) => one.map((byte) => byte & 0x83))
    const write = fc.oneof(
      fc.record({ kind: fc.constant('put' as const), key, value: fc.uint8Array({ maxLength: 8 }) }),
      fc.record({ kind: fc.constant('delete' as const), key }),
    )
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.array(write, { maxLength: 8 }), fc.boolean()), { maxLength: 6 }),
        key,
        key,
        (batches, from, to) => {
          store.batch(
            [...store.range(bytes())].map(([one]) => drop(one)),
            soon,
          )
          const model = new Map<string, Uint8Array>()
          for (const [writes, durable] of batches) {
            store.batch(writes, { durable })
            for (const one of writes) {
              if (one.kind === 'put') model.set(toHex(one.key), one.value)
              else model.delete(toHex(one.key))
            }
          }
          const inside = [...model]
            .filter(([one]) => one >= toHex(from) && one < toHex(to))
            .sort(([a], [b]) => (a < b ? -1 : 1))
          expect(all(store, from, to)).toEqual(inside.map(([one, value]) => `${one}=${toHex(value)}`))
          for (const [one, value] of model) expect(store.get(Uint8Array.from(Buffer.from(one, 'hex')))).toEqual(value)
        },
      ),
      { numRuns: 40 },
    )
  })

  describe('a part of it', () => {
    it('sees its own keys only, in their order, whatever stands beside them', () => {
      const parts = [bytes(1), bytes(2), bytes(0xff)].map((prefix) => scopedStore(store, prefix))
      for (const [i, part] of parts.entries()) part.batch([put(bytes(3), bytes(i)), put(bytes(), bytes(i))], soon)
      parts.forEach((part, i) => {
        expect(all(part)).toEqual([`=0${i}`, `03=0${i}`])
        expect(all(part, bytes(1), bytes(4))).toEqual([`03=0${i}`])
        expect(part.get(bytes(3))).toEqual(bytes(i))
      })
      parts[1]!.batch([drop(bytes(3))], soon)
      parts[1]!.close()
      expect(all(store).length).toBe(5)
    })

    it('takes prefixes of several bytes', () => {
      const [one, other] = [scopedStore(store, bytes(1, 0xff)), scopedStore(store, bytes(2, 0))]
      one.batch([put(bytes(0xff, 0xff), bytes(1))], soon)
      other.batch([put(bytes(), bytes(2))], soon)
      expect(all(one)).toEqual(['ffff=01'])
      expect(all(other)).toEqual(['=02'])
      expect([...store.range(bytes())].map(([key]) => key).sort(compareBytes).length).toBe(2)
    })
  })
}

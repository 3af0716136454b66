import { once } from 'node:events'
import { setImmediate } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { describe, expect, it } from 'vitest'
import { parseName, Type } from '../../../src/dns/index.ts'
import { PacketPutter, PacketTaker, queueMemory, SENDER_BYTES } from '../../../src/serve/fast/threads/queue.ts'
import { queryFor } from '../../world/ask.ts'
import type { ReaderData } from './reader.ts'
import { found, NOW, rrset, TableBench } from './support.ts'

describe('a table that is read while it is written', () => {
  it('gives whole answers or none, however often the log comes round', async () => {
    const names = 1_024
    // Room for a few hundred: each put evicts, and what is being read is written over all the time.
    const bench = new TableBench(65_536)
    const stop = new SharedArrayBuffer(4)
    const data: ReaderData = { table: bench.table.shared, names, stop }
    const reader = new Worker(new URL('./reader.ts', import.meta.url), { workerData: data })
    await once(reader, 'message')
    for (let i = 0; bench.table.stats().evictions <= names; i++) {
      const n = (i * 7) % names
      const name = `host${n}.example.com`
      const set = rrset(name, Type.A, [Uint8Array.of(192, 0, n >> 8, n & 255)])
      bench.keep([found(name, Type.A, set, { expires: NOW + 300_000 })], queryFor({ name }, { edns: false }))
      if (i % 97 === 0) bench.table.changed(parseName(`host${n}.example.com`).wire)
      if (i % 1_024 === 0) await setImmediate()
    }
    const said = once(reader, 'message')
    Atomics.store(new Int32Array(stop), 0, 1)
    const [{ right, wrong, missed }] = (await said) as [{ right: number; wrong: number; missed: number }]
    expect(wrong).toBe(0)
    expect(right).toBeGreaterThan(100)
    expect(missed).toBeGreaterThan(100)
    expect(bench.table.stats().evictions).toBeGreaterThan(names)
  })
})

describe('the queue to the main thread', () => {
  it('hands packets over whole and in order, and loses what does not fit', () => {
    const memory = queueMemory(4_096)
    const putter = new PacketPutter(memory)
    const taker = new PacketTaker(memory)
    const senders = new Uint8Array(2 * SENDER_BYTES).map((_, i) => i)
    const packet = (n: number) => new Uint8Array(20 + ((n * 37) % 300)).fill(n & 255)
    let [put, taken, lost] = [0, 0, 0]
    for (let round = 0; round < 500; round++) {
      for (let i = 0; i < (round * 5) % 23; i++) {
        if (putter.put({ kind: put & 1, door: put }, packet(put), 0, packet(put).length, senders, SENDER_BYTES)) put++
        else lost++
      }
      for (let found = taker.take(); found !== undefined; found = taker.take()) {
        expect(found.door).toBe(taken)
        expect(found.kind).toBe(taken & 1)
        expect(found.packet).toEqual(packet(taken))
        expect(found.sender).toEqual(senders.subarray(SENDER_BYTES))
        taken++
      }
    }
    expect(taken).toBe(put)
    expect(lost).toBeGreaterThan(0)
    expect(put).toBeGreaterThan(1_000)
  })

  it('wakes the taker once for all that comes while it sleeps', () => {
    const memory = queueMemory(4_096)
    const putter = new PacketPutter(memory)
    const taker = new PacketTaker(memory)
    const senders = new Uint8Array(SENDER_BYTES)
    const put = () => putter.put({ kind: 0, door: 1 }, senders, 0, 12, senders, 0)
    expect(taker.sleep()).toBe(true)
    put()
    put()
    expect([putter.shouldWake(), putter.shouldWake()]).toEqual([true, false])
    expect(taker.sleep()).toBe(false)
    expect(putter.shouldWake()).toBe(false)
    taker.take()
    taker.take()
    expect(taker.sleep()).toBe(true)
  })
})

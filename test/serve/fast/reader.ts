/** A thread that reads the answer table as fast as it can while another writes, and says how often what it read was right. */
import { parentPort, workerData } from 'node:worker_threads'
import { encodeMessage } from '../../../src/dns/index.ts'
import { BatchAnswerer } from '../../../src/serve/fast/table/answerer.ts'
import type { SharedTable } from '../../../src/serve/fast/table/layout.ts'
import { queryFor } from '../../world/ask.ts'
import { MONOTONIC, STRIDE } from './support.ts'

export interface ReaderData {
  readonly table: SharedTable
  readonly names: number
  /** Word 0: above 0 when it is to end. */
  readonly stop: SharedArrayBuffer
}

const { table, names, stop } = workerData as ReaderData
const MOST = 64
const buffer = new Uint8Array(new ArrayBuffer(MOST * STRIDE))
const shape = { buffer, stride: STRIDE, most: MOST, maxReply: 1_232, minReply: 512, takesCookies: false }
const answerer = new BatchAnswerer(table, shape)
const queries = Array.from({ length: names }, (_, i) =>
  encodeMessage(queryFor({ name: `host${i}.example.com` }, { edns: i % 2 === 0 ? false : 1_232 })),
)
const sizes = new Int32Array(MOST)
const isStopped = new Int32Array(stop)
let [right, wrong, missed, next] = [0, 0, 0, 0]

/** The address of name i is 192.0 and i; all of its bytes behind the question are as they were put in. */
function isRight(at: number, query: Uint8Array, i: number): boolean {
  const start = at + query.length - (query[11] === 1 ? 11 : 0)
  const whole = [0xc0, 12, 0, 1, 0, 1, 0, 0, 1, 44, 0, 4, 192, 0, i >> 8, i & 255]
  return buffer[at + 7] === 1 && whole.every((octet, k) => buffer[start + k] === octet)
}

parentPort?.postMessage('reads')
while (Atomics.load(isStopped, 0) === 0) {
  const asked: number[] = []
  for (let j = 0; j < MOST; j++) {
    next = (next * 5 + 1) % names
    asked.push(next)
    buffer.set(queries[next]!, j * STRIDE)
    sizes[j] = queries[next]!.length
  }
  answerer.answer(MOST, sizes, 0, 1, MONOTONIC)
  for (const [j, i] of asked.entries()) {
    const query = queries[i]!
    if (answerer.lengths[j] === 0) {
      missed++
      if (query.some((octet, k) => buffer[j * STRIDE + k] !== octet)) wrong++
    } else if (isRight(j * STRIDE, query, i)) right++
    else wrong++
  }
}
parentPort?.postMessage({ right, wrong, missed })

/** What the processes have in common that write to a store until they are killed. Their arguments: `FILE durable|soon`. */
import { writeSync } from 'node:fs'
import { argv } from 'node:process'
import type { StoreWrite } from '../../../src/base/index.ts'

const log = { debug() {}, info() {}, warn() {}, error() {} }

export const arranged = { log, file: argv[2]!, maxBytes: 64 * 1024 * 1024, durable: argv[3] === 'durable' }

/** The batch of this number: two pairs, of values that differ in length. */
export function batchOf(i: number): readonly StoreWrite[] {
  const key = new Uint8Array(4)
  new DataView(key.buffer).setUint32(0, i)
  const value = new Uint8Array(1 + ((i * 7919) % 3_000)).fill(i)
  return [
    { kind: 'put', key: Uint8Array.of(0, ...key), value },
    { kind: 'put', key: Uint8Array.of(1, ...key), value },
  ]
}

/** Synchronous: what is said was written before. The pipe may be full for a moment. */
export function say(text: string): void {
  for (;;) {
    try {
      writeSync(1, text)
      return
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) throw error
    }
  }
}

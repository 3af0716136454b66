/**
 * Writes to a store in the background until it is killed; says on stdout what the store said is written.
 * `node thread-process.ts FILE durable|soon`
 */
import { writeSync } from 'node:fs'
import { argv } from 'node:process'
import { startDiskThread } from '../../../src/io/index.ts'

const log = { debug() {}, info() {}, warn() {}, error() {} }
const thread = startDiskThread({ log }, { onBroken: (failure) => say(`${failure.message}\n`) })
const store = await thread.open({ file: argv[2]!, maxBytes: 64 * 1024 * 1024 })
const durable = argv[3] === 'durable'
say('open\n')
for (let i = 0; ; i++) {
  const key = new Uint8Array(4)
  new DataView(key.buffer).setUint32(0, i)
  const value = new Uint8Array(1 + ((i * 7919) % 3_000)).fill(i)
  store.batch(
    [
      { kind: 'put', key: Uint8Array.of(0, ...key), value },
      { kind: 'put', key: Uint8Array.of(1, ...key), value },
    ],
    { durable },
  )
  store.written(() => say(`${i}\n`))
  // Some wait together, as in a node that is busy.
  if (i % 5 === 4) await new Promise<void>((resolve) => store.written(() => resolve()))
}

/** Synchronous: what is said was written before. The pipe may be full for a moment. */
function say(text: string): void {
  for (;;) {
    try {
      writeSync(1, text)
      return
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) throw error
    }
  }
}

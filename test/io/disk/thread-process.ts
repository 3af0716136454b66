/**
 * Writes to a store in the background until it is killed; says on stdout what the store said is written.
 * `node thread-process.ts FILE durable|soon`
 */
import { startDiskThread } from '../../../src/io/index.ts'
import { arranged, batchOf, say } from './writing-process.ts'

const { log, file, maxBytes, durable } = arranged
const thread = startDiskThread({ log }, { onBroken: (failure) => say(`${failure.message}\n`) })
const store = await thread.open({ file, maxBytes })
say('open\n')
for (let i = 0; ; i++) {
  store.batch(batchOf(i), { durable })
  store.written(() => say(`${i}\n`))
  // Some wait together, as in a node that is busy.
  if (i % 5 === 4) await new Promise<void>((resolve) => store.written(() => resolve()))
}

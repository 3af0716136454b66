/** Writes to a store until it is killed; says on stdout what was acknowledged. `node store-process.ts FILE durable|soon` */
import { openSqliteStore } from '../../../src/io/index.ts'
import { arranged, batchOf, say } from './writing-process.ts'

const { log, file, maxBytes, durable } = arranged
const store = openSqliteStore({ file, maxBytes, log, now: Date.now })
say('open\n')
for (let i = 0; ; i++) {
  store.batch(batchOf(i), { durable })
  say(`${i}\n`)
}

/** A peer in a process of its own, for tests that kill it. Prints its addresses; answers after the ms that a request says. */
import { setTimeout } from 'node:timers/promises'
import { systemClock } from '../../../src/io/clock.ts'
import { createLibp2pTransport } from '../../../src/io/peers/libp2p-transport.ts'
import { systemRandom } from '../../../src/io/random.ts'
import { openDoorkeeper } from '../../../src/ring/index.ts'
import { quietLog, seedOf } from './libp2p-world.ts'

const [name = 'process', address = '/ip4/127.0.0.1/tcp/0'] = process.argv.slice(2)
const transport = await createLibp2pTransport({
  seed: seedOf(name),
  listen: [address],
  doorkeeper: openDoorkeeper({ ringId: 'test', random: systemRandom() }),
  clock: systemClock(),
  log: quietLog,
})
transport.onRequest(async (_, body) => {
  await setTimeout(new DataView(body.buffer, body.byteOffset).getUint32(0))
  return body
})
process.stdout.write(`${JSON.stringify(transport.addresses())}\n`)

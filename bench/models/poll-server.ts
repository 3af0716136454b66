/** A member of a ring that serves followers of a ledger of 31 validators: over the ring's transport, and as files over HTTP. Its CPU is its own. */
import { equalBytes, type Log } from '../../src/base/index.ts'
import { setRoot } from '../../src/chain/blocks/set-root.ts'
import { FollowServer } from '../../src/chain/follow/serving.ts'
import { LedgerPages } from '../../src/chain/index.ts'
import { ed25519Signer, sha256 } from '../../src/crypto/index.ts'
import { createLibp2pTransport, systemClock, systemRandom } from '../../src/io/index.ts'
import { createStatusServer } from '../../src/observe/index.ts'
import { RequestRoom } from '../../src/peer/rooms.ts'
import { openDoorkeeper } from '../../src/ring/index.ts'
import { TestLedger } from '../../test/chain/light/ledger.ts'

export interface PollServerReady {
  readonly kind: 'ready'
  readonly chainId: Uint8Array
  readonly height: number
  readonly addresses: readonly string[]
  readonly port: number
}
export interface PollServerCpu {
  readonly kind: 'cpu'
  /** Of the whole process since it began, ms. */
  readonly ms: number
  readonly requests: number
}

const log: Log = { debug() {}, info() {}, warn() {}, error: (detail, message) => console.error(message, detail) }
const HEIGHT = 200

const clock = systemClock()
const ledger = new TestLedger(
  Array.from({ length: 31 }, (_, index) => index),
  { makeKey: ed25519Signer },
).grow(HEIGHT)
const headers = {
  chainId: ledger.chainId,
  height: () => ledger.height,
  certified: (height: number) => ledger.certified[height - 1],
  hashes: ledger.log.hashes,
  set: (root: Uint8Array) => (equalBytes(setRoot(ledger.setAt(1)), root) ? ledger.setAt(1) : undefined),
}
const server = new FollowServer({ clock })
server.serve({ headers, states: { prove: async () => undefined }, conflict: () => undefined, onConflict: () => {} })
const note = ledger.noteBytes(HEIGHT)
const pages = new LedgerPages(async () => {})
pages.publish({ genesis: ledger.genesis, headers, checkpoint: () => note })

const transport = await createLibp2pTransport({
  seed: sha256(Uint8Array.of(0)),
  listen: ['/ip4/127.0.0.1/tcp/0'],
  doorkeeper: openDoorkeeper({ ringId: 'polls', random: systemRandom() }),
  clock,
  log,
})
transport.onRequest((from, body) => {
  if (body[0] !== RequestRoom.LEDGERS) throw new Error('another room')
  return server.answer(from, body.subarray(1))
})
let files = 0
const status = await createStatusServer({ address: '127.0.0.1', port: 0 }, {}, log, {
  folder: {
    path: '/ledger/',
    maxBody: 65_536,
    answer: (...given) => {
      files++
      return pages.answer(...given)
    },
  },
})
const { port } = status.address
const ready: PollServerReady = {
  kind: 'ready',
  chainId: ledger.chainId,
  height: HEIGHT,
  addresses: transport.addresses(),
  port,
}
process.on('message', (message) => {
  if (message === 'end') process.exit(0)
  const { user, system } = process.cpuUsage()
  const cpu: PollServerCpu = {
    kind: 'cpu',
    ms: (user + system) / 1_000,
    requests: server.stats.requests + files,
  }
  process.send?.(cpu)
})
process.send?.(ready)

/** A process of the ledger benchmark: the ledger side of a node as production opens it. The benchmark carries its requests. */
import { ChordnsError, equalBytes, type Log, type PeerId, toHex } from '../../src/base/index.ts'
import type { Config } from '../../src/config/index.ts'
import { systemClock, systemRandom } from '../../src/io/index.ts'
import { nameStateKey } from '../../src/ledger/index.ts'
import { openDataFile } from '../../src/peer/disk.ts'
import type { LedgerWiring } from '../../src/peer/ledger/running.ts'
import { type LedgerSide, openLedgerSide } from '../../src/peer/ledger/side.ts'
import { RequestRoom } from '../../src/peer/rooms.ts'
import { median, quantile, round } from '../lib/stats.ts'
import { memory, type Watch, watched } from '../lib/watch.ts'
import { machineOf, RING } from './ledger-parts.ts'
import type { NodeMessage, NodeStart, NodeStatus, NodeTask, NodeTasks, ProofTimes } from './ledger-tasks.ts'

const clock = systemClock()
const warnings: string[] = []
const log: Log = {
  debug() {},
  info() {},
  warn: (detail, message) => void warnings.push(`${message} ${JSON.stringify(detail)}`.slice(0, 300)),
  error: (detail, message) => void warnings.push(`ERROR ${message} ${JSON.stringify(detail)}`.slice(0, 300)),
}

const say = (message: NodeMessage) => process.send?.(message)
const waiting = new Map<number, (message: Extract<NodeMessage, { kind: 'reply' }>) => void>()
let nextId = 0
let node: Node | undefined

process.on('message', (message: NodeMessage) => {
  if (message.kind === 'start') node = new Node(message)
  else if (message.kind === 'task') void work(message.id, message.task, message.given)
  else if (message.kind === 'request') void answer(message)
  else if (message.kind === 'reply') waiting.get(message.id)?.(message)
})

async function work(id: number, task: NodeTask, given: unknown): Promise<void> {
  try {
    const result = await (node![task] as (given: unknown) => Promise<unknown>).call(node, given)
    say({ kind: 'done', id, result })
    if (task === 'end') process.exit(0)
  } catch (error) {
    say({ kind: 'done', id, failure: String(error) })
  }
}

async function answer(request: Extract<NodeMessage, { kind: 'request' }>): Promise<void> {
  const { id, from: to } = request
  try {
    say({ kind: 'reply', id, to, frames: await node!.answer(request) })
  } catch (error) {
    say({ kind: 'reply', id, to, frames: [], failure: String(error) })
  }
}

type Tasks = { readonly [T in NodeTask]: (given: NodeTasks[T]['given']) => Promise<NodeTasks[T]['result']> }

class Node implements Tasks {
  readonly #start: NodeStart
  readonly #opening: Promise<NodeTasks['opened']['result']>
  #side: LedgerSide | undefined
  #watch: Watch | undefined
  #pieces = 0

  constructor(start: NodeStart) {
    this.#start = start
    this.#opening = this.#open()
  }

  async #open(): Promise<NodeTasks['opened']['result']> {
    const { index, data, genesisFile } = this.#start
    const machine = machineOf(index)
    const ledger = {
      genesis: genesisFile,
      roles: ['validator'],
      votingKeyFile: `${data}/voting.key`,
      accountFile: `${data}/account.key`,
      precedence: new Map(),
      unreachable: 'dns',
      witness: [],
      trust: new Map(),
      answerTo: [],
    }
    const config = {
      data,
      ledger,
      ring: { id: RING, enabled: true, byDefault: false, bootstrap: [] },
    } as unknown as Config
    const watch = watched()
    const started = performance.now()
    const file = await openDataFile(config, { log }, { onBroken: broken })
    const side = await openLedgerSide(
      {
        config,
        clock,
        random: systemRandom(),
        log,
        files: await file!.openLedgers(),
        memberKey: machine.memberKey,
        admission: undefined,
        signer: machine.memberSigner,
      },
      { onBroken: (_, failure) => broken(failure) },
    )
    this.#side = side!
    this.#side.wire(this.#wiring())
    this.#side.start()
    // The chain says height 0 until its state has said where it is; a new one stays there.
    const until = performance.now() + 30_000
    while (this.#chain.status().height === 0 && performance.now() < until && this.#hasState()) await tick()
    return { ms: Math.round(performance.now() - started), stops: watch.end() }
  }

  #hasState(): boolean {
    return this.#start.index < 3
  }

  get #chain() {
    return this.#side!.ledgers.running[0]!
  }

  #wiring(): LedgerWiring {
    const { index, ring } = this.#start
    const entries = ring.map((number) => {
      const { peer, memberKey } = machineOf(number)
      return { peer, publicKey: memberKey, number }
    })
    const numberOf = (peer: PeerId) => entries.find((one) => one.peer === peer)!.number
    const send = async (room: number, peer: PeerId, body: Uint8Array, timeoutMs: number, isBulk: boolean) => {
      const id = nextId++
      const reply = await new Promise<Extract<NodeMessage, { kind: 'reply' }>>((resolve, reject) => {
        const late = setTimeout(() => reject(new ChordnsError('PEER_TIMEOUT', 'late', {})), timeoutMs)
        waiting.set(id, (message) => {
          clearTimeout(late)
          resolve(message)
        })
        say({ kind: 'request', id, from: index, to: numberOf(peer), room, isBulk, body })
      }).finally(() => waiting.delete(id))
      if (reply.failure !== undefined) throw new ChordnsError('PEER_FAILED', reply.failure, {})
      return reply.frames
    }
    return {
      ring: {
        self: entries.find(({ number }) => number === index) as never,
        members: () => entries as never,
        memberByPeer: (peer) => entries.find((one) => one.peer === peer) as never,
      },
      connect: () => Promise.reject(new ChordnsError('PEER_UNREACHABLE', 'no addresses here', {})),
      send: async (room, peer, body, { timeoutMs }) => (await send(room, peer, body, timeoutMs, false))[0]!,
      async *bulk(room, peer, body, { timeoutMs }) {
        yield* await send(room, peer, body, timeoutMs, true)
      },
    }
  }

  async answer({ from, room, isBulk, body }: Extract<NodeMessage, { kind: 'request' }>): Promise<Uint8Array[]> {
    await this.#opening
    const { ledgers, server } = this.#side!
    const { peer } = machineOf(from)
    if (isBulk) {
      const frames: Uint8Array[] = []
      for await (const frame of ledgers.supply(peer, body)) frames.push(frame)
      this.#pieces++
      return this.#start.lies ? frames.map(changed) : frames
    }
    return [room === RequestRoom.LEDGERS ? await server.answer(peer, body) : await ledgers.handle(peer, body)]
  }

  opened() {
    return this.#opening
  }

  async status(): Promise<NodeStatus> {
    const { chain } = this.#chain
    const { height, stateRoot, halted, waiting: count, stats } = chain.status()
    const block = height === 0 ? undefined : chain.block(height)
    const set = chain.sets()[0]!
    const { votingSigner } = machineOf(this.#start.index)
    const signers = block?.certificate.signatures.map(({ index }) => set[index]!.publicKey) ?? []
    return {
      height,
      stateRoot: toHex(stateRoot),
      halted,
      signers: signers.length,
      signed: signers.some((key) => equalBytes(key, votingSigner.publicKey)),
      waiting: count,
      stats: { ...stats, pieces: this.#pieces },
      warnings,
    }
  }

  async submit({ transactions }: { readonly transactions: readonly Uint8Array[] }): Promise<number> {
    const { ledgers } = this.#side!
    const { chainId } = this.#chain.genesis
    let taken = 0
    for (const one of transactions)
      await ledgers.submit(chainId, one).then(
        () => taken++,
        (error: unknown) => warnings.push(String(error)),
      )
    return taken
  }

  async watch(): Promise<undefined> {
    this.#watch?.end()
    this.#watch = watched()
  }

  async stops() {
    const stops = this.#watch!.end()
    this.#watch = undefined
    return { ...stops, ...memory() }
  }

  /** As a member proves a name to a follower. */
  async prove({ labels }: { readonly labels: readonly Uint8Array[] }): Promise<ProofTimes> {
    const times: number[] = []
    const bytes: number[] = []
    for (const label of labels) {
      const started = performance.now()
      const found = await this.#chain.served.states.prove(this.#chain.status().height, [nameStateKey(label)])
      times.push(performance.now() - started)
      if (found?.values[0] === undefined)
        throw new Error(`no proof of a name: ${found === undefined ? 'no such state' : 'absent'}`)
      bytes.push(found.proof.length + found.values[0].length)
    }
    return {
      count: times.length,
      p50: round(median(times)),
      p99: round(quantile(times, 0.99)),
      bytesP50: median(bytes),
    }
  }

  async end(): Promise<undefined> {
    await this.#side!.stop()
  }
}

/** One bit in the middle. */
function changed(frame: Uint8Array): Uint8Array {
  const other = frame.slice()
  other[other.length >> 1]! ^= 1
  return other
}

function broken(failure: Error): void {
  warnings.push(`BROKEN ${failure.message}`)
}

function tick(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 5))
}

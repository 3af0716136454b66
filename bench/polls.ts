/**
 * 100,000 looks for a newer header a minute, with what carries the requests: the ring's transport (libp2p, noise, frames), and the newest checkpoint as a
 * file over HTTP; and what as many followers request of one member that hear of headers in time. They come at an even pace from members that stay connected; what a member that serves them computes is measured.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { Agent, request as httpRequest } from 'node:http'
import { fileURLToPath } from 'node:url'
import { concatBytes, type Log, type Transport, toHex } from '../src/base/index.ts'
import { encodeFollowRequest } from '../src/chain/follow/messages.ts'
import { chainLimits } from '../src/chain/index.ts'
import { sha256 } from '../src/crypto/index.ts'
import { createLibp2pTransport, systemClock, systemRandom } from '../src/io/index.ts'
import { RequestRoom } from '../src/peer/rooms.ts'
import { openDoorkeeper } from '../src/ring/index.ts'
import { round } from './lib/stats.ts'
import { type Benchmark, numberOption, target } from './lib/types.ts'
import type { PollServerCpu, PollServerReady } from './models/poll-server.ts'

const MINUTE = 60_000
const MOST_OF_A_CORE = 0.1
const TURN_MS = 10
/** Requests a minute of a follower that is told of each header: one look at three members in ten minutes. What it is told costs about as much as a request. */
const LOOKS_OF_WHO_HEARS = chainLimits.FOLLOWED_MEMBERS / chainLimits.LOOK_ANYWAY_EVERY
const log: Log = { debug() {}, info() {}, warn() {}, error: (detail, message) => console.error(message, detail) }

export const benchmark: Benchmark = {
  summary:
    'what 100,000 followers a minute cost a member, with the transport that carries their requests, and over HTTP',
  namespace: false,
  programs: [],
  options: {
    followers: { type: 'string', help: 'requests a minute', default: '100000' },
    seconds: { type: 'string', help: 'seconds of them', default: '15' },
    peers: { type: 'string', help: 'members that they come through', default: '16' },
  },
  async run(values, say) {
    const perSecond = numberOption(values, 'followers') / 60
    const seconds = numberOption(values, 'seconds')
    const member = new Member()
    const ready = await member.ready
    const ring = await overRing(ready, numberOption(values, 'peers'))
    const http = overHttp(ready)
    const hearing = (numberOption(values, 'followers') * LOOKS_OF_WHO_HEARS + chainLimits.NEWS_PLACES) / 60
    const rows: Row[] = []
    for (const [way, { send }, rate] of [
      ['polls over the ring', ring, perSecond],
      ['followers over the ring who hear in time', ring, hearing],
      ['polls over HTTP', http, perSecond],
    ] as const) {
      // What is timed is compiled.
      await paced(send, rate, 3)
      rows.push({ way, ...(await member.cost(() => paced(send, rate, seconds))) })
      say(JSON.stringify(rows.at(-1)))
    }
    for (const { end } of [ring, http]) await end()
    const idle = await member.cost(() => new Promise((resolve) => setTimeout(resolve, 3_000)))
    member.end()
    return {
      tables: [
        {
          title: `${values['followers']} polls a minute, and as many followers of one member`,
          columns: ['way', 'requests', 'CPU us each', 'CPU ms a minute', 'of a core'],
          rows: rows.map(({ way, requests, cpuMs, elapsedMs }) => {
            const share = cpuMs / elapsedMs
            return [way, requests, round((cpuMs * 1_000) / requests, 1), Math.round(share * MINUTE), round(share, 3)]
          }),
        },
      ],
      targets: rows.map(({ way, cpuMs, elapsedMs }) =>
        target(`part of a core, ${way}`, round(cpuMs / elapsedMs, 4), MOST_OF_A_CORE),
      ),
      data: { rows, idle },
    }
  },
}

interface Cost {
  readonly cpuMs: number
  readonly elapsedMs: number
  readonly requests: number
}
interface Row extends Cost {
  readonly way: string
}
interface Way {
  readonly send: (turn: number) => Promise<unknown>
  readonly end: () => Promise<unknown>
}

/** As many a second as asked for, in small groups; resolves when all are answered. */
async function paced(send: Way['send'], perSecond: number, seconds: number): Promise<void> {
  const started = performance.now()
  const waiting = new Set<Promise<unknown>>()
  for (let sent = 0; sent < perSecond * seconds; ) {
    const due = Math.min(perSecond * seconds, ((performance.now() - started) / 1_000) * perSecond)
    for (; sent < due; sent++) {
      const one: Promise<unknown> = send(sent).finally(() => waiting.delete(one))
      waiting.add(one)
    }
    await new Promise((resolve) => setTimeout(resolve, TURN_MS))
  }
  await Promise.all(waiting)
}

async function overRing({ addresses, chainId, height }: PollServerReady, count: number): Promise<Way> {
  const body = (of: number) =>
    concatBytes(Uint8Array.of(RequestRoom.LEDGERS), encodeFollowRequest({ kind: 'header', chainId, height: 0, of }))
  const bodies = [body(height - 1), body(height - 2), body(height - 3)]
  const transports: Transport[] = []
  for (let index = 1; index <= count; index++)
    transports.push(
      await createLibp2pTransport({
        seed: sha256(Uint8Array.of(index)),
        listen: [],
        doorkeeper: openDoorkeeper({ ringId: 'polls', random: systemRandom() }),
        clock: systemClock(),
        log,
      }),
    )
  const peers = await Promise.all(transports.map((one) => one.connect(addresses, { timeoutMs: 5_000 })))
  return {
    send(turn) {
      const at = turn % count
      const which = turn % 10 === 0 ? 1 + ((turn / 10) % 2) : 0
      return transports[at]!.request(peers[at]!, bodies[which]!, { timeoutMs: 10_000 })
    },
    end: () => Promise.all(transports.map((one) => one.close())),
  }
}

function overHttp({ port, chainId }: PollServerReady): Way {
  const agent = new Agent({ keepAlive: true, maxSockets: 16 })
  const path = `/ledger/${toHex(chainId)}/checkpoint`
  return {
    send: () =>
      new Promise((resolve, reject) => {
        httpRequest({ host: '127.0.0.1', port, path, agent }, (response) => {
          if (response.statusCode !== 200) reject(new Error(`HTTP ${response.statusCode}`))
          response.resume().on('end', resolve)
        })
          .on('error', reject)
          .end()
      }),
    end: async () => agent.destroy(),
  }
}

class Member {
  readonly #child: ChildProcess
  readonly ready: Promise<PollServerReady>

  constructor() {
    const script = fileURLToPath(new URL('./models/poll-server.ts', import.meta.url))
    // As `npm start` runs a node.
    const execArgv = ['--max-semi-space-size=8', '--heap-growing-percent=40']
    this.#child = fork(script, { serialization: 'advanced', execArgv })
    this.ready = this.#next()
  }

  async cost(work: () => Promise<unknown>): Promise<Cost> {
    const before = await this.#cpu()
    const started = performance.now()
    await work()
    const elapsedMs = performance.now() - started
    const after = await this.#cpu()
    return { cpuMs: after.ms - before.ms, elapsedMs, requests: after.requests - before.requests }
  }

  end(): void {
    this.#child.send('end')
  }

  #cpu(): Promise<PollServerCpu> {
    this.#child.send('cpu')
    return this.#next()
  }

  #next<T>(): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#child.once('message', (message) => resolve(message as T))
      this.#child.once('exit', (code) => reject(new Error(`the member ended with ${code}`)))
    })
  }
}

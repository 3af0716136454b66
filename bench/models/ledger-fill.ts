/**
 * Fills a data directory with a chain of four validators and a state of many names: real engines, votes and blocks, in virtual time, a minute a
 * block. The four share one state, in a thread, so that each block is applied once.
 */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { type Log, type Store, scopedStore, toHex } from '../../src/base/index.ts'
import {
  type ApplicationPort,
  type BlockContent,
  type Chain,
  createStateChain,
  encodeGenesis,
  type Genesis,
  ledgerChainId,
  ledgerChainOptions,
  type StatePoint,
} from '../../src/chain/index.ts'
import { ed25519 } from '../../src/crypto/index.ts'
import { ioLimits, openSqliteStore } from '../../src/io/index.ts'
import { LEDGER_DIRECTORY } from '../../src/peer/disk.ts'
import { LedgerPart } from '../../src/peer/rooms.ts'
import { openApplication } from '../../src/peer/state/open-application.ts'
import { createMemoryDisk, seededRandom, virtualClock } from '../../src/sim/index.ts'
import type { FillData } from './ledger-fill-thread.ts'
import { genesisOf, machineOf } from './ledger-parts.ts'

export const VALIDATORS = 4
const MINUTE = 60_000

export interface Filling {
  readonly data: string
  readonly names: number
  readonly each: number
  /** Of the last block; those without names are empty. */
  readonly height: number
  readonly log: Log
  readonly say: (line: string) => void
}

export interface Filled {
  readonly genesis: Genesis
  readonly seconds: number
}

export function stateFileOf(data: string, genesis: Genesis): string {
  return join(data, LEDGER_DIRECTORY, `${toHex(ledgerChainId(genesis)).slice(0, 16)}.db`)
}

export async function fill({ data, names, each, height, log, say }: Filling): Promise<Filled> {
  const started = performance.now()
  const startUnixMs = Date.now() - (height + 2) * MINUTE
  const clock = virtualClock({ startUnixMs, settle: turn })
  const genesis = genesisOf(VALIDATORS, startUnixMs - MINUTE)
  const chainId = ledgerChainId(genesis)
  mkdirSync(join(data, LEDGER_DIRECTORY), { recursive: true })
  const file = { file: stateFileOf(data, genesis), maxBytes: ioLimits.MAX_LEDGER_STATE_BYTES }
  const threadData: FillData = { file, genesis: encodeGenesis(genesis), names, each }
  const application = await openApplication(
    { module: new URL('./ledger-fill-thread.ts', import.meta.url), name: 'fill', data: threadData },
    { clock, log, fetchPiece: () => Promise.reject(new Error('nobody else')) },
    {
      onBroken: (failure) => {
        throw failure
      },
    },
  )
  const blocks = openSqliteStore({
    file: join(data, LEDGER_DIRECTORY, 'blocks.db'),
    maxBytes: ioLimits.MAX_LEDGER_BLOCKS_BYTES,
    pageBytes: ioLimits.LEDGER_BLOCKS_PAGE_BYTES,
    log,
    now: () => Date.now(),
  })
  const shared = new SharedPort(application.port)
  const chains: Chain<StatePoint>[] = []
  const machines = Array.from({ length: VALIDATORS }, (_, index) => machineOf(index))
  for (const [index, machine] of machines.entries()) {
    const { heartbeatMs, intervalMs, rules, time: genesisTime, validators } = genesis
    const chain = createStateChain(
      {
        chainId,
        validators,
        signer: machine.votingSigner,
        scheme: ed25519,
        stores: {
          blocks: index === 0 ? scopedStore(blocks, Uint8Array.of(LedgerPart.BLOCKS)) : inMemory(),
          votes: inMemory(),
        },
        clock,
        log,
        application: {},
        port: shared,
      },
      {
        send(to, message) {
          const at = machines.findIndex(({ name }) => name === to)
          clock.after(1, () => chains[at]?.receive(machine.name, message))
        },
        onStoreFailure: (failure) => {
          throw failure
        },
      },
      { ...ledgerChainOptions, heartbeatMs, intervalMs, rules, genesisTime, keepBlocks: 100 },
    )
    chains.push(chain)
    chain.start()
  }
  for (let told = 0; chains.some((chain) => chain.status().height < height); ) {
    clock.advance(100)
    await turn()
    while (shared.busy > 0) await turn()
    const now = chains[0]!.status()
    if (now.halted !== undefined) throw new Error(now.halted)
    if (now.height > told && now.height % 20 === 0) say(`height ${now.height} after ${seconds(started)} s`)
    told = now.height
  }
  for (const chain of chains) chain.stop()
  await application.close()
  blocks.close()
  return { genesis, seconds: seconds(started) }
}

function inMemory(): Store {
  return createMemoryDisk({ random: seededRandom(1) }).open()
}

function seconds(since: number): number {
  return Math.round((performance.now() - since) / 100) / 10
}

/** One application for several chains that agree: what was tried or written for one is not done again for the next. */
class SharedPort implements ApplicationPort {
  readonly #port: ApplicationPort
  readonly #outcomes = new Map<string, Promise<unknown>>()
  busy = 0

  constructor(port: ApplicationPort) {
    this.#port = port
  }

  readonly call: ApplicationPort['call'] = (method, given, done) => {
    const key = keyOf(method, given as readonly unknown[])
    let outcome = key === undefined ? undefined : this.#outcomes.get(key)
    if (outcome === undefined) {
      outcome = new Promise((resolve) => this.#port.call(method, given, resolve as typeof done))
      if (key !== undefined) this.#outcomes.set(key, outcome)
      if (this.#outcomes.size > 64) this.#outcomes.delete(this.#outcomes.keys().next().value!)
    }
    this.busy++
    void outcome.then((result) => {
      this.busy--
      done(result as Parameters<typeof done>[0])
    })
  }

  fetch(): void {
    throw new Error('nobody is behind')
  }

  prune(below: number): void {
    this.#port.prune(below)
  }
}

/** A block is the only one of its height, proposer and time here. */
function keyOf(method: string, given: readonly unknown[]): string | undefined {
  if (method !== 'execute' && method !== 'decide' && method !== 'open') return undefined
  const content = given[0] as BlockContent | undefined
  return content === undefined ? method : `${method} ${content.height} ${content.time} ${toHex(content.proposer)}`
}

/**
 * Validators of one chain in one process: real engine, real bytes, real Ed25519, real SQLite files that are synced, over links
 * that take a fixed time. All share one core, so figures are those of the slowest way to run them.
 */
import { join } from 'node:path'
import type { Clock, Log, Store } from '../../src/base/index.ts'
import { equalBytes, toHex } from '../../src/base/index.ts'
import {
  type Application,
  type Chain,
  type ChainMessage,
  type ChainOptions,
  createChain,
  emptyStateMap,
  encodeMessage,
  type StateMap,
  stateGet,
  stateRoot,
  stateSet,
} from '../../src/chain/index.ts'
import { ed25519, ed25519Signer, sha256 } from '../../src/crypto/index.ts'
import { openSqliteStore, type SqliteStore } from '../../src/io/index.ts'

export interface ClusterOptions {
  readonly n: number
  readonly clock: Clock
  readonly delayMs: number
  readonly options: Partial<ChainOptions>
  /** Blocks and votes of a validator. */
  readonly stores: (index: number) => { readonly store: Store; readonly votes: Store }
  /** A proposer begins to build a block. */
  readonly onBuild: (height: number) => void
  readonly onDecided: (index: number, height: number, transactions: number) => void
}

export interface Cluster {
  readonly chains: readonly Chain<StateMap>[]
  /** Messages and bytes that were sent. */
  readonly sent: { messages: number; bytes: number }
  close(): void
}

const MAX_BYTES = 1024 * 1024 * 1024

export function sqliteStores(
  directory: string,
  index: number,
): { readonly store: SqliteStore; readonly votes: SqliteStore } {
  const open = (name: string) =>
    openSqliteStore({ file: join(directory, `${name}-${index}.db`), maxBytes: MAX_BYTES, log: quiet, now: Date.now })
  return { store: open('data'), votes: open('votes') }
}

export function makeCluster(parts: ClusterOptions): Cluster {
  const { n, clock, delayMs } = parts
  const text = new TextEncoder()
  const chainId = sha256(text.encode('bench'))
  const signers = Array.from({ length: n }, (_, i) => ed25519Signer(sha256(text.encode(`validator ${i}`))))
  const validators = signers.map(({ publicKey }) => ({ id: sha256(publicKey), publicKey }))
  const names = validators.map(({ id }) => toHex(id))
  const sent = { messages: 0, bytes: 0 }
  const places = new Map(names.map((name, index) => [name, index]))
  const stores = signers.map((_, index) => parts.stores(index))
  const chains: Chain<StateMap>[] = signers.map((signer, index) =>
    createChain(
      {
        chainId,
        validators,
        signer,
        scheme: ed25519,
        application: setOnce(parts.onBuild),
        stores: { blocks: stores[index]!.store, votes: stores[index]!.votes },
        clock,
        log: quiet,
      },
      {
        send(to: string, message: ChainMessage) {
          const receiver = chains[places.get(to)!]!
          const bytes = encodeMessage(chainId, message)
          sent.messages++
          sent.bytes += bytes.length
          clock.after(delayMs, () => receiver.receiveBytes(names[index]!, bytes))
        },
        onDecided: ({ block }) => parts.onDecided(index, block.header.height, block.transactions.length),
      },
      parts.options,
    ),
  )
  return {
    chains,
    sent,
    close() {
      for (const chain of chains) chain.stop()
      for (const { store, votes } of stores) {
        store.close()
        votes.close()
      }
    },
  }
}

/** Every transaction sets itself in an authenticated map, once. */
function setOnce(onBuild: (height: number) => void): Application<StateMap> {
  const none = new Uint8Array()
  return {
    initial: () => emptyStateMap,
    root: stateRoot,
    admits: (state, transaction) => stateGet(state, transaction) === undefined,
    build(state, { height, transactions }) {
      onBuild(height)
      return { extension: none, transactions: transactions.filter((one) => stateGet(state, one) === undefined) }
    },
    apply(state, { transactions }) {
      let next = state
      for (const transaction of transactions) {
        if (stateGet(next, transaction) !== undefined) return undefined
        next = stateSet(next, transaction, none)
      }
      return { state: next }
    },
    snapshot: stateRoot,
    restore: (bytes) => (equalBytes(bytes, stateRoot(emptyStateMap)) ? emptyStateMap : undefined),
  }
}

const quiet: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

/** One open chain: the engine on its application and ports, and what must not leave it. */
import { type Cancel, type Clock, isChordnsError, type Log, type PeerId, type Store, toHex } from '../../base/index.ts'
import {
  type CertifiedBlock,
  type Chain,
  type ChainEquivocation,
  type ChainMessage,
  createChain,
  encodeMessage,
  type PeerName,
} from '../../chain/index.ts'
import { peerIdFromPublicKey, type SignatureScheme, type Signer } from '../../crypto/index.ts'
import { chunkApplication } from '../state/application.ts'
import type { ChunkState } from '../state/state.ts'
import type { KnownChain } from './book.ts'

export interface OpenChainParts {
  readonly known: KnownChain
  readonly chunkBits: number
  readonly signer: Signer
  readonly scheme: SignatureScheme
  readonly clock: Clock
  readonly log: Log
  readonly blocks: Store
  readonly votes: Store
  /** `follow`: takes blocks and gives them, and signs nothing. */
  readonly mode: 'vote' | 'follow'
  readonly send: (to: PeerId, message: Uint8Array) => void
  readonly onDecided: (decided: CertifiedBlock, state: ChunkState, caughtUp: boolean) => void
  readonly onEvidence: (evidence: ChainEquivocation) => void
  /** The store failed, or what it has is damaged: the chain must be closed. */
  readonly onFailure: (code: string, reason: string) => void
}

export interface OpenChain {
  readonly known: KnownChain
  readonly mode: 'vote' | 'follow'
  readonly chain: Chain<ChunkState>
  /** Monotonic ms: when something last came or went, and when it last got on. */
  touched: number
  advanced: number
  submit(transaction: Uint8Array): void
  receive(from: PeerId, bytes: Uint8Array): boolean
  close(): void
}

/** Nobody waits for the record of a chunk: time for company, and for a busy machine. */
const OPTIONS = {
  proposeMs: 800,
  prevoteMs: 400,
  precommitMs: 400,
  deltaMs: 300,
  batchMs: 200,
  tickMs: 1_000,
  snapshotEvery: 32,
} as const

/** Throws CHAIN_STORE, CHAIN_MALFORMED, CHAIN_VALIDATORS or STORE_* when what is stored cannot be opened. */
export function openChain(parts: OpenChainParts): OpenChain {
  const { known, clock, signer, mode } = parts
  const { chainId, descriptor } = known
  const names = new Map<PeerName, PeerId>()
  const peers = new Map<PeerId, PeerName>()
  const own = peerIdFromPublicKey(signer.publicKey)
  for (const { id, publicKey } of descriptor.validators) {
    const peer = peerIdFromPublicKey(publicKey)
    names.set(toHex(id), peer)
    peers.set(peer, toHex(id))
  }
  /** The engine hands one message to many. */
  let encoded: { readonly message: ChainMessage; readonly bytes: Uint8Array } | undefined
  let closed = false

  function guarded(action: () => void): void {
    if (closed) return
    try {
      action()
    } catch (error) {
      if (!isChordnsError(error)) throw error
      parts.onFailure(error.code, error.message)
    }
  }

  const chain = createChain<ChunkState>({
    chainId,
    validators: descriptor.validators,
    signer: mode === 'vote' ? signer : { publicKey: new Uint8Array(32), sign: () => new Uint8Array(64) },
    scheme: parts.scheme,
    application: chunkApplication(descriptor, parts.chunkBits, parts.scheme),
    store: parts.blocks,
    votes: parts.votes,
    clock: {
      now: () => clock.now(),
      monotonic: () => clock.monotonic(),
      after: (delayMs, callback): Cancel => clock.after(delayMs, () => guarded(callback)),
    },
    log: parts.log,
    options: OPTIONS,
    send(to, message) {
      const peer = names.get(to)
      if (peer === undefined || peer === own) return
      if (encoded?.message !== message) encoded = { message, bytes: encodeMessage(chainId, message) }
      parts.send(peer, encoded.bytes)
    },
    onDecided(decided, state, caughtUp) {
      open.advanced = clock.monotonic()
      open.touched = open.advanced
      parts.onDecided(decided, state, caughtUp)
    },
    onEvidence: parts.onEvidence,
  })

  const open: OpenChain = {
    known,
    mode,
    chain,
    touched: clock.monotonic(),
    advanced: clock.monotonic(),
    submit(transaction) {
      open.touched = clock.monotonic()
      guarded(() => chain.submit(transaction))
    },
    receive(from, bytes) {
      const name = peers.get(from)
      if (name === undefined) return false
      let sound = true
      guarded(() => {
        sound = chain.receiveBytes(name, bytes)
      })
      return sound
    },
    close() {
      closed = true
      chain.stop()
    },
  }
  guarded(() => chain.start())
  return open
}

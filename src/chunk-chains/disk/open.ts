/** One open chain: the engine on its application and its stores. A store that fails ends the chain, and nothing else. */
import { type Cancel, type Clock, isChordnsError, type Log, type PeerId, toHex } from '../../base/index.ts'
import {
  type CertifiedBlock,
  type Chain,
  type ChainEquivocation,
  type ChainMessage,
  createChain,
  encodeMessage,
  type PeerName,
  type Validator,
} from '../../chain/index.ts'
import { peerIdFromPublicKey, type Signer } from '../../crypto/index.ts'
import type { TrustAnchor } from '../../dnssec/index.ts'
import { chunkApplication } from '../state/application.ts'
import type { ChangeChecks } from '../state/context.ts'
import { QUORUM } from '../state/descriptor.ts'
import type { ChunkState } from '../state/state.ts'
import type { KnownChain } from './book.ts'
import type { ChainsDisk } from './disk.ts'

export interface OpenChainDeps {
  readonly known: KnownChain
  /** `follow`: takes blocks and gives them, and signs nothing. */
  readonly mode: 'vote' | 'follow'
  readonly chunkBits: number
  readonly signer: Signer
  readonly checks: ChangeChecks
  /** The trust anchors of this node. */
  readonly anchors: () => readonly TrustAnchor[]
  readonly clock: Clock
  readonly log: Log
  readonly disk: Pick<ChainsDisk, 'blocks' | 'votes'>
}

export interface OpenChainHooks {
  /** Owes one try to bring the message to the replica; it must not throw. */
  readonly send: (to: PeerId, message: Uint8Array) => void
  /** The block is written. What throws here is a failure of the chain. */
  readonly onDecided: (decided: CertifiedBlock, state: ChunkState, caughtUp: boolean) => void
  readonly onEvidence: (equivocation: ChainEquivocation) => void
  /** The store failed, or what it has is damaged. Owes that the chain is closed. */
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

/** No read waits for a block: there is time to collect transactions, and to be slow on a busy machine. */
const OPTIONS = {
  quorum: QUORUM,
  proposeMs: 800,
  prevoteMs: 400,
  precommitMs: 400,
  deltaMs: 300,
  batchMs: 200,
  tickMs: 1_000,
  snapshotEvery: 32,
} as const

/** Throws CHAIN_STORE, CHAIN_MALFORMED, CHAIN_VALIDATORS or STORE_* when what is stored cannot be opened. */
export function openChain(deps: OpenChainDeps, hooks: OpenChainHooks): OpenChain {
  const { known, clock, mode } = deps
  const { names, peers } = namesOf(known.descriptor.validators)
  let closed = false

  /** Runs what may meet a failing disk; then the chain is at its end. */
  function guarded(action: () => void): void {
    if (closed) return
    try {
      action()
    } catch (error) {
      if (!isChordnsError(error)) throw error
      hooks.onFailure(error.code, error.message)
    }
  }

  const chain = startEngine(deps, hooks, names, guarded, () => {
    open.advanced = clock.monotonic()
    open.touched = open.advanced
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

/** The engine over the chain's stores, not started yet. `onProgress`: a block was decided. */
function startEngine(
  { known, chunkBits, mode, signer, checks, anchors, clock, log, disk }: OpenChainDeps,
  hooks: OpenChainHooks,
  names: ReadonlyMap<PeerName, PeerId>,
  guarded: (action: () => void) => void,
  onProgress: () => void,
): Chain<ChunkState> {
  const { chainId, descriptor } = known
  const own = peerIdFromPublicKey(signer.publicKey)
  /** The engine hands one message to many. */
  let encoded: { readonly message: ChainMessage; readonly bytes: Uint8Array } | undefined
  return createChain<ChunkState>(
    {
      chainId,
      validators: descriptor.validators,
      signer: mode === 'vote' ? signer : NOBODY,
      scheme: checks.scheme,
      application: chunkApplication(descriptor, chunkBits, { ...checks, anchors }),
      stores: { blocks: disk.blocks, votes: disk.votes },
      clock: {
        now: () => clock.now(),
        monotonic: () => clock.monotonic(),
        after: (delayMs, callback): Cancel => clock.after(delayMs, () => guarded(callback)),
      },
      log,
    },
    {
      send(to, message) {
        const peer = names.get(to)
        if (peer === undefined || peer === own) return
        if (encoded?.message !== message) encoded = { message, bytes: encodeMessage(chainId, message) }
        hooks.send(peer, encoded.bytes)
      },
      onDecided(decided, state, caughtUp) {
        onProgress()
        hooks.onDecided(decided, state, caughtUp)
      },
      onEvidence: hooks.onEvidence,
      onStoreFailure: (failure) =>
        guarded(() => {
          throw failure
        }),
    },
    OPTIONS,
  )
}

/** Whoever follows only: its key is nobody's. */
const NOBODY: Signer = { publicKey: new Uint8Array(32), sign: () => new Uint8Array(64) }

/** Validators by the names that the engine knows them by, and those names by peer. */
function namesOf(validators: readonly Validator[]) {
  const names = new Map<PeerName, PeerId>()
  const peers = new Map<PeerId, PeerName>()
  for (const { id, publicKey } of validators) {
    const peer = peerIdFromPublicKey(publicKey)
    names.set(toHex(id), peer)
    peers.set(peer, toHex(id))
  }
  return { names, peers }
}

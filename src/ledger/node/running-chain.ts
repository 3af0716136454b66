/** One ledger chain that this node runs: the engine on its stores and its application, what becomes of transactions, and pieces for others. */
import {
  type Clock,
  equalBytes,
  errorText,
  isChordnsError,
  type Log,
  type PeerId,
  type RequestOptions,
  type Store,
  scopedStore,
  toHex,
} from '../../base/index.ts'
import {
  type ApplicationPort,
  accusationsIn,
  type BrokenLock,
  type Chain,
  type ChainStatus,
  Cosigning,
  createStateChain,
  decodeConflict,
  decodeFollowReply,
  decodePieceRequest,
  decodeTransaction,
  type EngineStores,
  encodeFollowRequest,
  encodePieceRequest,
  type HeaderSource,
  historyEdge,
  historyRoot,
  type LedgerHead,
  ledgerChainOptions,
  ledgerKeeping,
  originOf,
  type PeerName,
  type PieceRequest,
  type RemoteState,
  ResultCode,
  type StatePoint,
  type StateProver,
  transactionId,
} from '../../chain/index.ts'
import type { SignatureScheme, Signer } from '../../crypto/index.ts'
import type { LedgerApplication } from '../application/application.ts'
import type { LedgerGenesis } from '../genesis/genesis-file.ts'
import { limits } from '../limits.ts'
import { HandedIn } from './handed-in.ts'
import { encodeLedgerRequest, LedgerRequestKind, SubmitReply, type TransactionOutcome } from './messages.ts'
import { newestStates } from './newest-state.ts'
import { OutcomeMemory } from './outcome-memory.ts'
import { cutPiece, joinedPiece } from './pieces.ts'
import { EnginePost, type SendLedgerRequest } from './post.ts'
import { SetBook } from './set-book.ts'
import type { HeldBlocks } from './vote-texts.ts'

/** The application where its state is: a thread, or the same one in tests. */
export interface OpenedApplication {
  readonly port: ApplicationPort
  readonly state: Pick<RemoteState, 'read' | 'prove' | 'piece' | 'status'>
  /** One of the application's questions about the newest decided state. */
  ask(name: string, given: unknown): Promise<unknown>
  close(): Promise<void>
}

export type FetchPiece = (from: PeerName, request: PieceRequest, signal: AbortSignal) => Promise<Uint8Array>

export interface RunningChainDeps {
  readonly genesis: LedgerGenesis
  /** How much of the past is kept beside the newest states. */
  readonly keeps: keyof typeof ledgerKeeping
  /** What this node's light client trusts: it goes on from there after a long sleep. */
  readonly trusts: () => Pick<LedgerHead, 'validators' | 'time' | 'state'> | undefined
  /** Of blocks. A node that is in no set follows, and signs nothing. */
  readonly signer: Signer
  readonly scheme: SignatureScheme
  readonly stores: EngineStores & { readonly sets: Store; readonly cosigned: Store }
  /** By what this node is known in sets. */
  readonly memberId: Uint8Array
  readonly clock: Clock
  readonly log: Log
  /** What is asked without a state. */
  readonly application: Pick<LedgerApplication, 'ticket'>
  /** Opens the rest of it; `fetchPiece` is how it gets a state from others. */
  readonly open: (fetchPiece: FetchPiece) => Promise<OpenedApplication>
}

export interface RunningChainHooks {
  readonly send: SendLedgerRequest
  /** The same to the room of those who follow: cosignatures go there. */
  readonly follow: SendLedgerRequest
  readonly bulk: (peer: PeerId, body: Uint8Array, options: RequestOptions) => AsyncIterable<Uint8Array>
  /** The peer of a validator or follower by the hex of its member id; undefined: not a member now. */
  readonly peerOf: (name: PeerName) => PeerId | undefined
  /** The newest block is another one. Owes nothing. */
  readonly onDecided?: (chain: RunningChain) => void
  /** The chain has stopped, and cannot go on before what is wrong is mended. */
  readonly onBroken: (chain: RunningChain, failure: Error) => void
}

export class RunningChain {
  readonly genesis: LedgerGenesis
  readonly chain: Chain<StatePoint>
  readonly application: OpenedApplication
  /** What followers of this chain are served from. */
  readonly served: { readonly headers: HeaderSource; readonly states: StateProver }
  /** The checkpoints of this chain. */
  readonly cosigning: Cosigning
  readonly #sets: SetBook
  readonly #publicKey: Uint8Array
  readonly #brokenLocks: BrokenLock[] = []
  readonly #outcomes = new OutcomeMemory()
  readonly #handedIn: HandedIn
  readonly #end = new AbortController()

  /** Rejects as the application's opening does, and with what `createStateChain` throws. */
  static async open(deps: RunningChainDeps, hooks: RunningChainHooks): Promise<RunningChain> {
    const { chainId } = deps.genesis
    const fetchPiece: FetchPiece = (from, request, signal) => {
      const peer = hooks.peerOf(from)
      if (peer === undefined) return Promise.reject(new Error(`no member ${from}`))
      const body = encodeLedgerRequest({ kind: LedgerRequestKind.PIECE, chainId, body: encodePieceRequest(request) })
      return joinedPiece(hooks.bulk(peer, body, { timeoutMs: limits.PIECE_TIMEOUT_MS, signal }))
    }
    const application = await deps.open(fetchPiece)
    try {
      return new RunningChain(deps, hooks, application)
    } catch (error) {
      await application.close()
      throw error
    }
  }

  private constructor(deps: RunningChainDeps, hooks: RunningChainHooks, application: OpenedApplication) {
    const { genesis, signer, scheme, stores, clock, log } = deps
    const { heartbeatMs, intervalMs, rules, time: genesisTime, validators } = genesis.genesis
    this.genesis = genesis
    this.#publicKey = signer.publicKey
    this.application = application
    this.#handedIn = new HandedIn(clock)
    this.#sets = new SetBook(genesis.chainId, stores.sets)
    this.#sets.note(validators)
    const post = new EnginePost({ chainId: genesis.chainId, clock, send: hooks.send, signal: this.#end.signal })
    this.chain = createStateChain(
      {
        chainId: genesis.chainId,
        validators,
        signer,
        scheme,
        stores,
        clock,
        log,
        application: { ticket: (bytes) => deps.application.ticket(bytes) },
        port: application.port,
        trusts() {
          const head = deps.trusts()
          // Who was shown two heads that cannot both be true goes on from neither.
          return head?.state === 'forked' ? undefined : head
        },
      },
      {
        send(to, message) {
          const peer = hooks.peerOf(to)
          if (peer !== undefined) post.post(peer, message)
        },
        onDecided: ({ block }, _state, _caughtUp, results) => {
          this.#outcomes.note(block.header.height, block.transactions, results)
          for (const set of this.chain.sets()) this.#sets.note(set)
          this.cosigning.decided()
          this.#told(hooks, log)
        },
        onEvidence: (evidence) => {
          if (evidence.kind !== 'lock') return
          if (this.#brokenLocks.length >= limits.MAX_BROKEN_LOCKS) this.#brokenLocks.shift()
          this.#brokenLocks.push(evidence)
        },
        onStoreFailure: (failure) => hooks.onBroken(this, failure),
      },
      { ...ledgerChainOptions, ...ledgerKeeping[deps.keeps], heartbeatMs, intervalMs, rules, genesisTime },
    )
    const { state } = application
    const states = newestStates({ state, clock, height: () => this.chain.status().height })
    this.served = { headers: this.#headers(), states }
    this.cosigning = new Cosigning({
      clock,
      scheme,
      headers: this.served.headers,
      origin: originOf(genesis.genesis.ringId, this.name),
      voter: { id: deps.memberId, signer },
      store: scopedStore(stores.cosigned, genesis.chainId),
      exchange: (to, note) => this.#exchange(hooks, toHex(to.id), note),
    })
  }

  /** What somebody else makes of a block is no matter of the chain's: it goes on. */
  #told({ onDecided }: RunningChainHooks, log: Log): void {
    try {
      onDecided?.(this)
    } catch (error) {
      log.error({ chain: this.name, error: errorText(error) }, 'a listener for blocks failed')
    }
  }

  /** Undefined: the validator is not there, or has nothing. */
  async #exchange(hooks: RunningChainHooks, name: string, note: Uint8Array): Promise<Uint8Array | undefined> {
    const peer = hooks.peerOf(name)
    if (peer === undefined) return undefined
    const body = encodeFollowRequest({ kind: 'checkpoint', chainId: this.genesis.chainId, note })
    try {
      const options = { timeoutMs: limits.SEND_TIMEOUT_MS, signal: this.#end.signal }
      const reply = decodeFollowReply(await hooks.follow(peer, body, options))
      return reply.kind === 'note' ? reply.note : undefined
    } catch (error) {
      if (isChordnsError(error)) return undefined
      throw error
    }
  }

  #headers(): HeaderSource {
    const { chain } = this
    return {
      chainId: chain.chainId,
      height: () => chain.status().height,
      certified: (height) => (height > 0 ? chain.header(height) : undefined),
      hashes: chain.historyHashes,
      set: (root) => this.#sets.of(root),
    }
  }

  get name(): string {
    return this.genesis.genesis.name
  }

  /** Blocks that this node holds. */
  get held(): HeldBlocks {
    const { chain } = this
    return {
      height: () => chain.status().height,
      header: (height) => chain.header(height)?.header,
      transactions: (height) => chain.block(height)?.block.transactions,
    }
  }

  /** Whether its key is in the set now. */
  get isValidator(): boolean {
    return this.chain.status().validators.some(({ publicKey }) => equalBytes(publicKey, this.#publicKey))
  }

  /** What this node heard that shows a broken lock, unless it is answered. */
  get brokenLocks(): readonly BrokenLock[] {
    return this.#brokenLocks
  }

  /** Of the first `size` headers; undefined when its hashes are not kept. */
  historyRootOf(size: number): Uint8Array | undefined {
    const edge = historyEdge(this.chain.historyHashes, size)
    return edge && historyRoot(edge)
  }

  /** Two headers of this chain that contradict each other: whoever signed both is shown to it. */
  show(conflict: Uint8Array): void {
    const found = decodeConflict(conflict)
    for (const accusation of accusationsIn(found)) this.chain.accuse(accusation, found.firstSet)
  }

  /** Whether a member is in the set now, by the hex of its id. */
  isValidatorNamed(name: PeerName): boolean {
    return this.chain.status().validators.some(({ id }) => toHex(id) === name)
  }

  start(): void {
    this.chain.start()
    this.cosigning.decided()
  }

  async stop(): Promise<void> {
    this.cosigning.close()
    this.chain.stop()
    this.#end.abort()
    await this.application.close()
  }

  status(): ChainStatus {
    return this.chain.status()
  }

  /** A message of the engine from a member. */
  receive(from: PeerName, message: Uint8Array): void {
    this.chain.receiveBytes(from, message)
  }

  /** Offers a transaction to this and all other validators, unless it could never get into a block: the code of a mark, or 0. */
  async submit(transaction: Uint8Array): Promise<number> {
    const verdict = Number(await this.application.ask('verdict', transaction))
    if (verdict !== SubmitReply.TAKEN) return verdict
    const one = decodeTransaction(transaction)
    const id = transactionId(transaction)
    if (this.#handedIn.isOvertaken(one, id)) return ResultCode.NONCE
    this.#handedIn.add(one, id)
    this.chain.submit(transaction)
    return verdict
  }

  /** The number of an account's next transaction, behind those that were handed in here. `known`: by the newest state. */
  nextNonce(account: Uint8Array, known: number): number {
    return this.#handedIn.nextNonce(account, known)
  }

  outcomeOf(id: Uint8Array): TransactionOutcome | undefined {
    return this.#outcomes.of(id)
  }

  /** A piece of the state for one who lacks it, in frames. Throws CHAIN_MALFORMED, CHAIN_STATE_GONE. */
  async *piece(request: Uint8Array): AsyncIterable<Uint8Array> {
    yield* cutPiece(await this.application.state.piece(decodePieceRequest(request)))
  }

  get id(): string {
    return toHex(this.genesis.chainId)
  }
}

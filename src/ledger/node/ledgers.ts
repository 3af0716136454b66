/**
 * The ledgers of a node towards its peers: it runs the chains that its roles say, hands transactions to members that run them where it does not,
 * and answers members. Who only follows asks through `chain/follow`.
 */
import { Charges, ChordnsError, type Clock, isChordnsError, type PeerId, sleep, toHex } from '../../base/index.ts'
import { decodeTransaction, ResultCode, transactionId } from '../../chain/index.ts'
import type { LedgerGenesis } from '../genesis/genesis-file.ts'
import { limits } from '../limits.ts'
import { HandedIn } from './handed-in.ts'
import {
  decodeLedgerRequest,
  decodeOutcomeReply,
  decodeSubmitReply,
  decodeTransactionId,
  encodeLedgerRequest,
  encodeOutcomeReply,
  encodeSubmitReply,
  LedgerRequestKind,
  SubmitReply,
  type TransactionOutcome,
} from './messages.ts'
import type { SendLedgerRequest } from './post.ts'
import type { RunningChain } from './running-chain.ts'

export interface LedgersDeps {
  /** All chains of the genesis file. */
  readonly all: readonly LedgerGenesis[]
  /** Those that this node runs. */
  readonly running: readonly RunningChain[]
  readonly clock: Clock
}

export interface LedgersHooks {
  readonly send: SendLedgerRequest
  /** By the hex of a member id, hashed from the key; undefined: not a member now. */
  readonly peerOf: (name: string) => PeerId | undefined
  /** Undefined: nobody whom the ring knows. */
  readonly nameOf: (peer: PeerId) => string | undefined
  /** Members that may run chains, in any order: whom a transaction is handed to. */
  readonly members: () => readonly PeerId[]
}

/** Whom all followers' pieces are charged to, beside each of them. */
const ALL = 'all'
const ACKNOWLEDGED = new Uint8Array()

export class Ledgers {
  readonly #deps: LedgersDeps
  readonly #hooks: LedgersHooks
  readonly #running: ReadonlyMap<string, RunningChain>
  readonly #requests: Charges
  readonly #pieces: Charges
  readonly #followersPieces: Charges
  /** To chains that run elsewhere. */
  readonly #handedIn = new Map<string, HandedIn>()
  readonly #stopping = new AbortController()
  refused = 0

  constructor(deps: LedgersDeps, hooks: LedgersHooks) {
    this.#deps = deps
    this.#hooks = hooks
    this.#running = new Map(deps.running.map((chain) => [chain.id, chain]))
    const charges = (perSecond: number, burst: number) =>
      new Charges(deps.clock, { perSecond, burst, maxPeers: limits.MAX_RATED })
    this.#requests = charges(limits.REQUESTS_PER_SECOND, limits.REQUESTS_BURST)
    this.#pieces = charges(limits.PIECES_PER_SECOND, limits.PIECES_BURST)
    this.#followersPieces = charges(limits.FOLLOWERS_PIECES_PER_SECOND, limits.FOLLOWERS_PIECES_BURST)
  }

  start(): void {
    for (const chain of this.#deps.running) chain.start()
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await Promise.all(this.#deps.running.map((chain) => chain.stop()))
  }

  get chains(): readonly LedgerGenesis[] {
    return this.#deps.all
  }

  get running(): readonly RunningChain[] {
    return this.#deps.running
  }

  /** By name, `root` or a TLD. */
  genesisOf(name: string): LedgerGenesis | undefined {
    return this.#deps.all.find(({ genesis }) => genesis.name === name)
  }

  runningOf(chainId: Uint8Array): RunningChain | undefined {
    return this.#running.get(toHex(chainId))
  }

  /** Throws LEDGER_REFUSED, LEDGER_MALFORMED, CHAIN_MALFORMED. */
  async handle(from: PeerId, bytes: Uint8Array): Promise<Uint8Array> {
    const name = this.#admit(from, this.#requests)
    const { kind, chainId, body } = decodeLedgerRequest(bytes)
    const chain = this.runningOf(chainId)
    switch (kind) {
      case LedgerRequestKind.CHAIN:
        chain?.receive(name, body)
        return ACKNOWLEDGED
      case LedgerRequestKind.SUBMIT:
        return encodeSubmitReply((await chain?.submit(body)) ?? SubmitReply.ELSEWHERE)
      case LedgerRequestKind.OUTCOME:
        return encodeOutcomeReply(chain?.outcomeOf(decodeTransactionId(body)))
      default:
        throw refused('this comes as a bulk')
    }
  }

  /** A piece of a state. Throws as `handle` does, and CHAIN_STATE_GONE. */
  supply(from: PeerId, bytes: Uint8Array): AsyncIterable<Uint8Array> {
    const name = this.#admit(from, this.#pieces)
    const { kind, chainId, body } = decodeLedgerRequest(bytes)
    const chain = this.runningOf(chainId)
    if (kind !== LedgerRequestKind.PIECE || chain === undefined) throw refused('no such piece')
    if (!chain.isValidatorNamed(name)) this.#admitFollower()
    return chain.piece(body)
  }

  /**
   * Hands a transaction to a chain that runs here, or to members that run it. Resolves when somebody has taken it; rejects with LEDGER_UNREACHABLE
   * when nobody has, and LEDGER_VOID with the code of a mark when it could never get into a block.
   */
  async submit(chainId: Uint8Array, transaction: Uint8Array): Promise<void> {
    const chain = this.runningOf(chainId)
    const verdict =
      chain === undefined ? await this.#submitElsewhere(chainId, transaction) : await chain.submit(transaction)
    if (verdict === SubmitReply.TAKEN) return
    if (verdict === undefined)
      throw new ChordnsError('LEDGER_UNREACHABLE', 'no member that runs this chain took the transaction', {})
    throw new ChordnsError('LEDGER_VOID', `the transaction is void (code ${verdict})`, { code: verdict })
  }

  /** The number of an account's next transaction, behind those that were handed in here. `known`: by the newest state. */
  nextNonce(chainId: Uint8Array, account: Uint8Array, known: number): number {
    return (this.runningOf(chainId) ?? this.#handedInTo(chainId)).nextNonce(account, known)
  }

  /** Undefined: nobody of those asked can say. Throws CHAIN_MALFORMED. */
  async #submitElsewhere(chainId: Uint8Array, transaction: Uint8Array): Promise<number | undefined> {
    const handedIn = this.#handedInTo(chainId)
    const one = decodeTransaction(transaction)
    const id = transactionId(transaction)
    if (handedIn.isOvertaken(one, id)) return ResultCode.NONCE
    for (const peer of this.#runners(chainId).slice(0, limits.SUBMIT_TRIES)) {
      const reply = await this.#ask(peer, LedgerRequestKind.SUBMIT, chainId, transaction, decodeSubmitReply)
      if (reply === undefined || reply === SubmitReply.ELSEWHERE) continue
      if (reply === SubmitReply.TAKEN) handedIn.add(one, id)
      return reply
    }
    return undefined
  }

  #handedInTo(chainId: Uint8Array): HandedIn {
    const id = toHex(chainId)
    const known = this.#handedIn.get(id) ?? new HandedIn(this.#deps.clock)
    this.#handedIn.set(id, known)
    return known
  }

  /** Waits until the transaction of this id is in a block that somebody remembers. Undefined: not within that time. */
  async outcome(chainId: Uint8Array, id: Uint8Array, timeoutMs: number): Promise<TransactionOutcome | undefined> {
    const { clock } = this.#deps
    const until = clock.monotonic() + timeoutMs
    for (;;) {
      const known = this.runningOf(chainId)?.outcomeOf(id) ?? (await this.#askOutcome(chainId, id))
      if (known !== undefined || clock.monotonic() >= until) return known
      await sleep(clock, limits.OUTCOME_POLL_MS, this.#stopping.signal)
    }
  }

  async #askOutcome(chainId: Uint8Array, id: Uint8Array): Promise<TransactionOutcome | undefined> {
    if (this.runningOf(chainId) !== undefined) return undefined
    const [peer] = this.#runners(chainId)
    return peer && this.#ask(peer, LedgerRequestKind.OUTCOME, chainId, id, decodeOutcomeReply)
  }

  /** Validators of the genesis that are members now, then everybody else. */
  #runners(chainId: Uint8Array): readonly PeerId[] {
    const genesis = this.#deps.all.find((one) => toHex(one.chainId) === toHex(chainId))
    const first = (genesis?.genesis.validators ?? []).flatMap(({ id }) => this.#hooks.peerOf(toHex(id)) ?? [])
    return [...new Set([...first, ...this.#hooks.members()])]
  }

  async #ask<T>(
    peer: PeerId,
    kind: LedgerRequestKind,
    chainId: Uint8Array,
    body: Uint8Array,
    read: (bytes: Uint8Array) => T,
  ): Promise<T | undefined> {
    try {
      const options = { timeoutMs: limits.SEND_TIMEOUT_MS, signal: this.#stopping.signal }
      return read(await this.#hooks.send(peer, encodeLedgerRequest({ kind, chainId, body }), options))
    } catch (error) {
      // Gone, late, or it makes no sense: another one is asked.
      if (isChordnsError(error)) return undefined
      throw error
    }
  }

  /** However many they are, followers together leave something for validators that catch up. */
  #admitFollower(): void {
    if (this.#followersPieces.isSpent(ALL)) {
      this.refused++
      throw refused('too many requests of followers')
    }
    this.#followersPieces.charge(ALL, 1)
  }

  #admit(from: PeerId, charges: Charges): string {
    const name = this.#hooks.nameOf(from)
    if (name === undefined || charges.isSpent(from)) {
      this.refused++
      throw refused(name === undefined ? 'not a member' : 'too many requests')
    }
    charges.charge(from, 1)
    return name
  }
}

function refused(why: string) {
  return new ChordnsError('LEDGER_REFUSED', `refused: ${why}`, { why })
}

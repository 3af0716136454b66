/**
 * The application of a ledger chain: it counts and charges every transaction, hands it to the module of its kind, and marks what a module refuses.
 * A bad transaction voids no block (N17); it is marked, and its account has spent nonce and fee.
 */
import { isChordnsError, toHex } from '../../base/index.ts'
import {
  type Application,
  type Applied,
  type BlockContent,
  decodeTransaction,
  isAlive,
  isSignedTransaction,
  ResultCode,
  type Ticket,
  type Transaction,
  type TransactionResult,
  type Validator,
} from '../../chain/index.ts'
import type { SignatureScheme } from '../../crypto/index.ts'
import { partOf, StateDraft } from '../draft.ts'
import { ACCOUNTS, accountOf, charged, writeAccount } from '../modules/accounts/accounts.ts'
import { beaconDutyOf } from '../modules/admission/duty.ts'
import { badGenesis, TransactionRefusal } from '../refusal.ts'
import type { BlockDecisions, BlockFacts, LedgerModule, LedgerState, StateReader } from '../types.ts'
import { type ApplicationGenesis, decodeApplicationGenesis } from './genesis.ts'
import { decodeMemoryState, encodeMemoryState, MemoryState } from './memory-state.ts'
import { decodePayload } from './payload.ts'

export interface LedgerParts {
  readonly chainId: Uint8Array
  readonly chainName: string
  /** The chain's birth, unix ms. */
  readonly genesisTime: number
  readonly validators: readonly Validator[]
  /** The application's genesis, as bytes. */
  readonly genesis: Uint8Array
  /** All that this release has; the genesis says which of them the chain runs. */
  readonly modules: readonly LedgerModule[]
  readonly scheme: SignatureScheme
  /** Whether an account's transactions are taken: admitted organisations' are (D73). */
  readonly mayCarry: (state: StateReader, account: Uint8Array) => boolean
}

const NOTHING = new Uint8Array()
const text = new TextEncoder()

/** Throws LEDGER_MALFORMED, LEDGER_GENESIS: also when the genesis has a module that this release lacks. */
export function createLedgerApplication(parts: LedgerParts): LedgerApplication {
  return new LedgerApplication(parts, decodeApplicationGenesis(parts.genesis))
}

export class LedgerApplication implements Application<LedgerState> {
  readonly #parts: LedgerParts
  readonly #genesis: ApplicationGenesis
  /** Those that the chain runs, in the order of their numbers. */
  readonly #modules: readonly LedgerModule[]
  readonly #byKind = new Map<number, LedgerModule>()

  constructor(parts: LedgerParts, genesis: ApplicationGenesis) {
    this.#parts = parts
    this.#genesis = genesis
    const known = new Map(parts.modules.map((module) => [module.id, module]))
    const modules = [...genesis.modules.keys()]
      .sort((a, b) => a - b)
      .map((id) => {
        const module = known.get(id)
        if (module === undefined) throw badGenesis(`this release has no module ${id}`)
        return module
      })
    this.#modules = modules
    for (const module of modules) for (const kind of module.kinds) this.#byKind.set(kind, module)
  }

  initial(): LedgerState {
    return this.begin(new MemoryState())
  }

  /** Fills an empty state with what the genesis says. */
  begin(empty: LedgerState): LedgerState {
    const { chainName, validators, genesisTime: time } = this.#parts
    const draft = new StateDraft(empty)
    for (const module of this.#modules) {
      const genesis = this.#genesis.modules.get(module.id) ?? undefined
      module.begin?.({ genesis, own: partOf(draft, module.id), chainName, validators, time })
    }
    return draft.state
  }

  root(state: LedgerState): Uint8Array {
    return state.root()
  }

  ticket(bytes: Uint8Array): Ticket | undefined {
    const transaction = parse(bytes)
    if (transaction === undefined) return undefined
    const { account, nonce, fee, expires } = transaction
    return { account: toHex(account), nonce, fee, expires }
  }

  /** Signed, of an account that may carry, not of the past, and paid for. A nonce ahead may wait for those before it. */
  admits(state: LedgerState, bytes: Uint8Array): boolean {
    return this.verdict(state, bytes) === ResultCode.DONE
  }

  /** Why a transaction may not wait for a block: the code of a mark; 0: it may. Its term is looked at when a block is made. */
  verdict(state: StateReader, bytes: Uint8Array): number {
    const transaction = parse(bytes)
    if (transaction === undefined) return ResultCode.MALFORMED
    const { scheme, chainId, mayCarry } = this.#parts
    const { account, nonce, fee } = transaction
    const known = accountOf(state, account)
    if (nonce < known.nonce) return ResultCode.NONCE
    if (fee > known.balance) return ResultCode.FUNDS
    if (!mayCarry(state, account)) return ResultCode.NOT_ALLOWED
    return isSignedTransaction(scheme, chainId, transaction) ? ResultCode.DONE : ResultCode.SIGNATURE
  }

  /** What others may ask of the newest state; `chain/state`: `HostedMethods.ask`. */
  readonly questions = {
    verdict: (state: StateReader, given: unknown): number =>
      given instanceof Uint8Array ? this.verdict(state, given) : ResultCode.MALFORMED,
    beacon: (state: StateReader, given: unknown) => beaconDutyOf(state, given as Parameters<typeof beaconDutyOf>[1]),
  }

  build(
    state: LedgerState,
    {
      time,
      transactions,
    }: { readonly height: number; readonly time: number; readonly transactions: readonly Uint8Array[] },
  ) {
    // What could not even be charged is left out: a proposer has no reason to fill its block with it.
    const draft = new StateDraft(state)
    const chosen = transactions.filter((bytes) => typeof this.#charge(draft, bytes, time) !== 'number')
    return { extension: NOTHING, transactions: chosen }
  }

  apply(state: LedgerState, content: BlockContent): Applied<LedgerState> | undefined {
    const block = this.#facts(content)
    const draft = new StateDraft(state)
    const results = content.transactions.map((bytes) => this.#execute(draft, bytes, block))
    let decisions: BlockDecisions = {}
    for (const module of this.#modules) {
      const decided = module.endBlock?.({ ...this.#sightOf(draft, module), block })
      decisions = { ...decisions, ...decided }
    }
    return { state: draft.state, results, ...decisions }
  }

  snapshot(state: LedgerState): Uint8Array {
    if (!(state instanceof MemoryState)) throw new TypeError('a state on disk is caught up by pieces')
    return encodeMemoryState(state)
  }

  restore(bytes: Uint8Array): LedgerState | undefined {
    return decodeMemoryState(bytes)
  }

  /** Kind and fields of a payload in words, for people. */
  describe(payload: Uint8Array): Readonly<Record<string, string | number | boolean>> {
    const { kind, fields } = decodePayload(payload)
    const module = this.#byKind.get(kind)
    return { module: module?.name ?? 'unknown', kind, ...module?.describe?.(kind, fields) }
  }

  #execute(draft: StateDraft, bytes: Uint8Array, block: BlockFacts): TransactionResult {
    const transaction = this.#charge(draft, bytes, block.time)
    if (typeof transaction === 'number') return { code: transaction, fee: 0, detail: NOTHING }
    const { account, fee, payload } = transaction
    const paid = draft.state
    try {
      const { kind, fields } = decodePayload(payload)
      const module = this.#byKind.get(kind)
      if (module === undefined) throw new TransactionRefusal(ResultCode.NOT_ALLOWED, 'no such kind')
      module.execute({ ...this.#sightOf(draft, module), account, kind, fields, block })
      return { code: ResultCode.DONE, fee, detail: NOTHING }
    } catch (error) {
      draft.rewind(paid)
      return { ...markOf(error), fee }
    }
  }

  /** Counts and charges a transaction; the code of a mark when it cannot be. */
  #charge(draft: StateDraft, bytes: Uint8Array, time: number): Transaction | number {
    const { scheme, chainId, mayCarry } = this.#parts
    const transaction = parse(bytes)
    if (transaction === undefined) return ResultCode.MALFORMED
    if (!isAlive(transaction, time)) return ResultCode.EXPIRED
    const { account, nonce, fee } = transaction
    if (!mayCarry(draft, account)) return ResultCode.NOT_ALLOWED
    if (!isSignedTransaction(scheme, chainId, transaction)) return ResultCode.SIGNATURE
    const outcome = charged(accountOf(draft, account), { nonce, fee, time, quota: this.#genesis.quotaADay })
    if ('refused' in outcome) return outcome.refused
    writeAccount(partOf(draft, ACCOUNTS), account, outcome.account)
    return transaction
  }

  #sightOf(draft: StateDraft, module: LedgerModule) {
    return { own: partOf(draft, module.id), all: draft, scheme: this.#parts.scheme }
  }

  #facts({ height, time, proposer, consensus }: BlockContent): BlockFacts {
    const { chainId, chainName, validators } = this.#parts
    return {
      chainId,
      chainName,
      height,
      time,
      proposer,
      lastSigners: consensus?.last?.signers,
      validators: consensus?.validators ?? validators,
      afterValidators: consensus?.afterValidators ?? validators,
      accused:
        consensus?.evidence.map(({ accused: id, accusation }) => ({ id, height: accusation.first.height })) ?? [],
    }
  }
}

function parse(bytes: Uint8Array): Transaction | undefined {
  try {
    return decodeTransaction(bytes)
  } catch (error) {
    if (isChordnsError(error, 'CHAIN_MALFORMED')) return undefined
    throw error
  }
}

function markOf(error: unknown): Pick<TransactionResult, 'code' | 'detail'> {
  if (error instanceof TransactionRefusal)
    return { code: error.code, detail: text.encode(error.message).subarray(0, 64) }
  if (isChordnsError(error, 'LEDGER_MALFORMED')) return { code: ResultCode.MALFORMED, detail: NOTHING }
  throw error
}

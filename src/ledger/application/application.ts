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
import { limits } from '../limits.ts'
import { ACCOUNTS, accountOf, charged, writeAccount } from '../modules/accounts/accounts.ts'
import { beaconDutyOf } from '../modules/admission/duty.ts'
import { activationsOf, moduleOfRules } from '../modules/applications/applications.ts'
import { faultState } from '../modules/authority/fault-duty.ts'
import { claimsToObserve } from '../modules/claims/view.ts'
import { reviewQuestion } from '../modules/governance/duty.ts'
import { linkStates } from '../modules/links/duty.ts'
import { wishQuestion } from '../modules/names/titles.ts'
import { useQuestion } from '../modules/names/use.ts'
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

export interface AccountState {
  readonly mayCarry: boolean
  readonly nonce: number
}

const NOTHING = new Uint8Array()
/** Mark of a transaction at which a third party's module threw. */
export const MODULE_FAULT = 32
const text = new TextEncoder()

/** Throws LEDGER_MALFORMED, LEDGER_GENESIS: also when the genesis has a module that this release lacks. */
export function createLedgerApplication(parts: LedgerParts): LedgerApplication {
  return new LedgerApplication(parts, decodeApplicationGenesis(parts.genesis))
}

export class LedgerApplication implements Application<LedgerState> {
  readonly #parts: LedgerParts
  readonly #genesis: ApplicationGenesis
  /** Those that the chain began with, in the order of their numbers. */
  readonly #modules: readonly LedgerModule[]
  readonly #known: ReadonlyMap<number, LedgerModule>

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
    this.#known = known
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

  /** Whether an account may send transactions, and the number of its next one. */
  sender(state: StateReader, account: Uint8Array): AccountState {
    return { mayCarry: this.#parts.mayCarry(state, account), nonce: accountOf(state, account).nonce }
  }

  /** Whether this release has what a vote has activated. Handed on by itself. */
  readonly knowsRules = (rules: number): boolean => {
    const module = moduleOfRules(rules)
    return module === undefined || this.#known.has(module)
  }

  /** What others may ask of the newest state; `chain/state`: `HostedMethods.ask`. */
  readonly questions = {
    verdict: (state: StateReader, given: unknown): number =>
      given instanceof Uint8Array ? this.verdict(state, given) : ResultCode.MALFORMED,
    account: (state: StateReader, given: unknown) => this.sender(state, given as Uint8Array),
    links: (state: StateReader, given: unknown) => linkStates(state, given as Parameters<typeof linkStates>[1]),
    faults: (state: StateReader, given: unknown) => faultState(state, given as Parameters<typeof faultState>[1]),
    claims: (state: StateReader, given: unknown) => claimsToObserve(state, given as Uint8Array),
    use: (state: StateReader, given: unknown) => useQuestion(state, given as Parameters<typeof useQuestion>[1]),
    wishes: (state: StateReader, given: unknown) => wishQuestion(state, given as Parameters<typeof wishQuestion>[1]),
    reviews: (state: StateReader, given: unknown) => reviewQuestion(state, given as Uint8Array),
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
    const modules = this.#activeAt(draft, block)
    const results = content.transactions.map((bytes) => this.#execute(draft, bytes, block, modules))
    let decisions: BlockDecisions = {}
    for (const module of modules) decisions = { ...decisions, ...this.#endBlock(draft, module, block) }
    return { state: draft.state, results, ...decisions }
  }

  /** Those of the genesis, and those that were activated up to this height; who begins now begins with nothing. */
  #activeAt(draft: StateDraft, { height, time, chainName, validators }: BlockFacts): readonly LedgerModule[] {
    const activated = activationsOf(draft).filter((one) => one.height <= height)
    if (activated.length === 0) return this.#modules
    const later = activated.map(({ module: id, height: since }) => {
      const module = this.#known.get(id)
      if (module === undefined) throw badGenesis(`this release has no module ${id}`)
      if (since === height) module.begin?.({ genesis: undefined, own: partOf(draft, id), chainName, validators, time })
      return module
    })
    return [...this.#modules, ...later].sort((a, b) => a.id - b.id)
  }

  /** What a third party's module throws undoes what it did to this block, and nothing else; it never decides about sets or rules. */
  #endBlock(draft: StateDraft, module: LedgerModule, block: BlockFacts): BlockDecisions | undefined {
    const end = { ...this.#sightOf(draft, module), block }
    if (!isOfOthers(module)) return module.endBlock?.(end)
    const before = draft.state
    try {
      module.endBlock?.(end)
    } catch {
      draft.rewind(before)
    }
    return undefined
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
    const module = [...this.#known.values()].find(({ kinds }) => kinds.includes(kind))
    return { module: module?.name ?? 'unknown', kind, ...module?.describe?.(kind, fields) }
  }

  #execute(
    draft: StateDraft,
    bytes: Uint8Array,
    block: BlockFacts,
    modules: readonly LedgerModule[],
  ): TransactionResult {
    const transaction = this.#charge(draft, bytes, block.time)
    if (typeof transaction === 'number') return { code: transaction, fee: 0, detail: NOTHING }
    const { account, fee, payload } = transaction
    const paid = draft.state
    let isForeign = false
    try {
      const { kind, fields } = decodePayload(payload)
      const module = modules.find(({ kinds }) => kinds.includes(kind))
      isForeign = module !== undefined && isOfOthers(module)
      if (module === undefined) throw new TransactionRefusal(ResultCode.NOT_ALLOWED, 'no such kind')
      module.execute({ ...this.#sightOf(draft, module), account, kind, fields, block })
      return { code: ResultCode.DONE, fee, detail: NOTHING }
    } catch (error) {
      draft.rewind(paid)
      return { ...markOf(error, isForeign), fee }
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
    const part = (id: number) => {
      if (isOfOthers(module) || !module.changes?.includes(id))
        throw new TypeError(`${module.name} does not change the part ${id}`)
      return partOf(draft, id)
    }
    return { own: partOf(draft, module.id), all: draft, part, scheme: this.#parts.scheme }
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
      historyRoot: consensus?.historyRoot,
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

function isOfOthers({ id }: LedgerModule): boolean {
  return id >= limits.FIRST_MODULE_OF_OTHERS
}

/** A fault of one of our modules goes on, and stops the chain. */
function markOf(error: unknown, isForeign: boolean): Pick<TransactionResult, 'code' | 'detail'> {
  if (error instanceof TransactionRefusal)
    return { code: error.code, detail: text.encode(error.message).subarray(0, 64) }
  if (isChordnsError(error, 'LEDGER_MALFORMED')) return { code: ResultCode.MALFORMED, detail: NOTHING }
  if (isForeign) return { code: MODULE_FAULT, detail: NOTHING }
  throw error
}

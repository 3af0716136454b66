/** The chain of a TLD without consensus: the application of production on a state in memory, and blocks only where somebody says something. */
import { toHex } from '../../src/base/index.ts'
import { signTransaction, sortedValidators, type TransactionResult, type Validator } from '../../src/chain/index.ts'
import { keyedHashScheme, type Signer, sha256 } from '../../src/crypto/index.ts'
import {
  ACCOUNTS,
  accountOf,
  createLedgerApplication,
  encodeApplicationGenesis,
  encodePayload,
  type Founder,
  type LedgerApplication,
  ledgerModules,
  NAMES,
  type NamePolicy,
  type NameRecord,
  nameRecordOf,
  type Payload,
  policyToValue,
  settledRecord,
} from '../../src/ledger/index.ts'
import { PlainState } from './plain-state.ts'

export const MINUTE = 60_000
export const DAY = 1_440
export const YEAR = 365 * DAY
/** A whole day, so that quotas of a day begin with it. */
const START = 1_800_057_600_000

const text = (value: string) => new TextEncoder().encode(value)
export const scheme = keyedHashScheme(new Uint8Array(32).fill(7))
export const signerOf = (who: string): Signer => scheme.signer(sha256(text(who)))
export const chainId = sha256(text('a decade'))

export interface Said {
  readonly by: Signer
  readonly payload: Payload
  readonly then?: (code: number) => void
}

/** Time is counted in minutes since the birth of the chain; a minute has one block, and a block's height is its minute. */
export class DecadeChain {
  readonly policy: NamePolicy
  readonly #application: LedgerApplication
  readonly #proposer: Uint8Array
  readonly #nonces = new Map<string, number>()
  #state: PlainState
  #minute = 0
  blocks = 0
  transactions = 0
  readonly refused = new Map<number, number>()

  constructor(policy: NamePolicy, balances: readonly (readonly [Uint8Array, number])[], nodes: readonly Signer[]) {
    this.policy = policy
    const validators: Validator[] = sortedValidators(
      nodes.map(({ publicKey }) => ({ id: sha256(publicKey), publicKey })),
    )
    this.#proposer = validators[0]!.id
    this.#application = createLedgerApplication({
      chainId,
      chainName: 'p2p',
      genesisTime: START,
      validators,
      genesis: encodeApplicationGenesis({ modules: begins(policy, balances, nodes), quotaADay: 1_000_000 }),
      modules: ledgerModules,
      scheme,
      mayCarry: () => true,
    })
    // The tree of production is half of the work, and no rule of names or accounts depends on it.
    this.#state = (this.#application.begin(new PlainState()) as PlainState).settled()
  }

  timeOf(minute: number): number {
    return START + minute * MINUTE
  }

  minuteOf(time: number): number {
    return Math.ceil((time - START) / MINUTE)
  }

  get minute(): number {
    return this.#minute
  }

  /** One block at a later minute. Minutes between have none: an empty block changes no name, no account and nothing that either depends on. */
  block(minute: number, said: readonly Said[]): void {
    if (minute <= this.#minute) throw new RangeError(`minute ${minute} after ${this.#minute}`)
    this.#minute = minute
    const time = this.timeOf(minute)
    const applied = this.#application.apply(this.#state, {
      height: minute,
      time,
      proposer: this.#proposer,
      transactions: said.map((one) => this.#signed(one, time)),
      extension: new Uint8Array(),
    })
    if (applied === undefined) throw new Error('a block that is not valid')
    this.#state = (applied.state as PlainState).settled()
    this.blocks++
    this.transactions += said.length
    const results = (applied.results ?? []) as readonly TransactionResult[]
    for (const [at, { code }] of results.entries()) {
      if (code !== 0) this.refused.set(code, (this.refused.get(code) ?? 0) + 1)
      said[at]!.then?.(code)
    }
  }

  #signed({ by, payload }: Said, time: number): Uint8Array {
    const account = toHex(by.publicKey)
    const nonce = this.#nonces.get(account) ?? 0
    this.#nonces.set(account, nonce + 1)
    return signTransaction(by, chainId, { nonce, fee: 0, expires: time + 600_000, payload: encodePayload(payload) })
  }

  stored(label: string): NameRecord | undefined {
    return nameRecordOf(this.#state, text(label))
  }

  /** As time has made it. */
  record(label: string, minute = this.#minute): NameRecord | undefined {
    const record = this.stored(label)
    return record && settledRecord(record, this.policy, this.timeOf(minute))
  }

  place(label: string) {
    const { generation, sequence } = this.record(label)!
    return { chainId, label: text(label), generation, sequence }
  }

  balance(account: Uint8Array): number {
    return accountOf(this.#state, account).balance
  }

  get entries(): ReadonlyMap<string, Uint8Array> {
    return this.#state.entries
  }
}

function begins(policy: NamePolicy, balances: readonly (readonly [Uint8Array, number])[], nodes: readonly Signer[]) {
  const founders: Founder[] = nodes.map(({ publicKey }, index) => ({
    name: `Node ${index}`,
    account: publicKey,
    memberKey: publicKey,
    votingKey: publicKey,
    isEndorser: index === 0,
  }))
  const founding = { chainName: 'p2p', founders, epochBlocks: 100_000 }
  const own = ledgerModules.filter(({ id, chains }) => id < 128 && chains !== 'root')
  const said = new Map<
    number,
    Parameters<typeof encodeApplicationGenesis>[0]['modules'] extends ReadonlyMap<number, infer V> ? V : never
  >(own.map((module) => [module.id, module.found?.(founding) ?? null]))
  said.set(
    ACCOUNTS,
    balances.map(([key, balance]) => [key, balance]),
  )
  said.set(NAMES, policyToValue(policy))
  return said
}

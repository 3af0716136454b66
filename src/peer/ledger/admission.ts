/** The ledger's list as the ring takes it: who is on it now, and who listens for changes. */
import { type Cancel, ChordnsError, equalBytes, errorText, Listeners, type Log, toHex } from '../../base/index.ts'
import { encodeGenesis } from '../../chain/index.ts'
import type { Config } from '../../config/index.ts'
import { readTextFile } from '../../io/index.ts'
import { type LedgerGenesis, parseGenesisText, type RingMember, ringMembersOf } from '../../ledger/index.ts'
import type { RingAdmission } from '../../ring/index.ts'
import { ledgerApplicationOf } from './thread-data.ts'

export class LedgerAdmission implements RingAdmission {
  readonly #listeners: Listeners<[]>
  #members = new Map<string, RingMember>()

  constructor(members: readonly RingMember[], log: Pick<Log, 'error'>) {
    this.#listeners = new Listeners((error) => {
      log.error({ error: errorText(error) }, 'a listener for the list of the ring failed')
    })
    this.update(members)
  }

  /** What a certified state says (`ringMembersOf`). Tells whoever listens, if anything is new. */
  update(members: readonly RingMember[]): void {
    const before = this.#members
    this.#members = new Map(members.map((one) => [toHex(one.ringKey), one]))
    if (!isSame(before, this.#members)) this.#listeners.tell()
  }

  readonly saltOf = (publicKey: Uint8Array): Uint8Array | undefined => this.#members.get(toHex(publicKey))?.salt

  readonly operatorOf = (publicKey: Uint8Array): string | undefined => {
    const member = this.#members.get(toHex(publicKey))
    return member && toHex(member.account)
  }

  readonly onChange = (listener: () => void): Cancel => this.#listeners.add(listener)
}

/** Of an endorsed ring: what the genesis says, until newer states are known. Throws LEDGER_GENESIS, CONFIG_INVALID. */
export function admissionFromGenesis(
  { ring, ledger }: Pick<Config, 'ring' | 'ledger'>,
  log: Pick<Log, 'error'>,
): LedgerAdmission | undefined {
  if (ring.admission !== 'endorsed') return undefined
  const text = ledger.genesis === undefined ? undefined : readTextFile(ledger.genesis)
  if (text === undefined)
    throw new ChordnsError('CONFIG_INVALID', 'an endorsed ring needs the genesis file of its ledgers: ledger.genesis', {
      problems: [{ path: 'ledger.genesis', message: 'missing' }],
    })
  const { genesis } = admissionChainOf(parseGenesisText(text))
  const state = ledgerApplicationOf(encodeGenesis(genesis)).initial()
  return new LedgerAdmission(ringMembersOf(state), log)
}

/** The chain whose list 0 says who is in the ring: the Root chain, or the only one. */
export function admissionChainOf(chains: readonly LedgerGenesis[]): LedgerGenesis {
  return chains.find(({ genesis }) => genesis.name === 'root') ?? chains[0]!
}

function isSame(a: ReadonlyMap<string, RingMember>, b: ReadonlyMap<string, RingMember>): boolean {
  if (a.size !== b.size) return false
  return [...a].every(([key, one]) => {
    const other = b.get(key)
    return other !== undefined && equalBytes(one.salt, other.salt) && equalBytes(one.account, other.account)
  })
}

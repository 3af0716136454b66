/** The way of a payload onto a chain: signed by this organisation's account, handed to the running node, and watched until it is decided. */
import { setTimeout as sleep } from 'node:timers/promises'
import { ChordnsError, type Endpoint, toHex } from '../../../base/index.ts'
import { headView, ledgerStatusView, provenView } from '../../../observe/index.ts'
import type { DomainPlace } from '../../../peer/ledgers.ts'
import { loadConfigFrom } from '../../common/config-option.ts'
import { carry } from '../../common/ledger-client.ts'
import { type NodeFlags, nodeOf } from '../../common/node-option.ts'
import { askNode } from '../../common/status-client.ts'

/** How long a transaction that nobody takes into a block lives, ms. */
const LIFE_MS = 600_000
/** A block is made every minute at least; this is a few of them. */
const WAIT_MS = 110_000
const LOOK_MS = 500

export interface Decided {
  readonly transaction: string
  readonly height: number
  readonly code: number
  readonly detail: string
}

/** A command at work on one name. */
export interface Session {
  readonly node: Endpoint
  readonly place: DomainPlace
  /** Hex, as the newest header has it; null: there is none. */
  readonly value: string | null
  /** The same of the terms of names on that chain. */
  readonly policy: string | null
  readonly height: number
  readonly fresh: boolean
}

export async function openSession(name: string, flags: NodeFlags): Promise<Session> {
  const node = nodeOf(flags)
  const { domainPlace, policyKey } = await import('../../../peer/ledgers.ts')
  const { chains } = await askNode(node, '/ledgers', {}, ledgerStatusView)
  const place = domainPlace(name, chains)
  // What was changed a moment ago is to be seen.
  await askNode(node, '/ledgers/head', { chain: place.chain }, headView)
  const proven = await askNode(node, '/ledgers/prove', { chain: place.chain, key: place.stateKey }, provenView)
  const terms = await askNode(node, '/ledgers/prove', { chain: place.chain, key: policyKey }, provenView)
  const [value, policy] = [proven, terms].map(({ values }) => values[0]?.value ?? null)
  return { node, place, value: value!, policy: policy!, height: proven.height, fresh: proven.fresh }
}

/** What the state of the domain's chain has at a key, both hex; null: nothing. */
export async function stateValue({ node, place }: Session, key: string): Promise<string | null> {
  const { values } = await askNode(node, '/ledgers/prove', { chain: place.chain, key }, provenView)
  return values[0]?.value ?? null
}

/** Carries payloads of one name, one after the other. */
export class Carrier {
  readonly #session: Session
  readonly #config: ReturnType<typeof loadConfigFrom>['config']
  #nonce: number | undefined

  constructor(session: Session, flags: NodeFlags) {
    this.#session = session
    this.#config = loadConfigFrom(flags).config
  }

  /** Resolves when it is in a block that the node knows of, whatever became of it. Throws DOMAIN_UNDECIDED, KEY_*, LEDGER_*. */
  async carry(payload: Uint8Array): Promise<Decided> {
    const { node, place } = this.#session
    const { chain, chainId } = place
    const peer = await import('../../../peer/ledgers.ts')
    const signer = await peer.loadAccount(this.#config)
    const account = toHex(signer.publicKey)
    const terms = { chainId: toHex(chainId), fee: 0, expires: Date.now() + LIFE_MS }
    const make = (nonce: number) => peer.makeTransaction(signer, { ...terms, nonce }, payload)
    const carried = await carry({ node, chain, account, make, leastNonce: this.#nonce ?? 0, waitMs: WAIT_MS })
    this.#nonce = carried.nonce + 1
    const { id: transaction, outcome } = carried
    if (outcome === null) throw undecided(`transaction ${transaction} is in no block of ${chain} yet`)
    // The next command is to see what this one did.
    await this.reach(outcome.height)
    return { transaction, height: outcome.height, code: outcome.code, detail: outcome.detail }
  }

  /** Resolves when the head of the chain is at least so high. */
  async reach(height: number): Promise<void> {
    const { node, place } = this.#session
    for (const end = Date.now() + 2 * WAIT_MS; ; await sleep(LOOK_MS)) {
      const head = await askNode(node, '/ledgers/head', { chain: place.chain }, headView)
      if (head.height >= height) return
      if (Date.now() > end) throw undecided(`no block ${height} of ${place.chain}`)
    }
  }
}

/** Throws DOMAIN_REFUSED unless it was done. */
export function done(decided: Decided, ...alsoFine: readonly number[]): Decided {
  if (decided.code === 0 || alsoFine.includes(decided.code)) return decided
  throw new ChordnsError('DOMAIN_REFUSED', `refused at height ${decided.height}: ${wordOf(decided)}`, { ...decided })
}

/** Codes that have no word in the result. */
const WORDS: Readonly<Record<number, string>> = {
  1: 'malformed',
  2: 'the signature is not the owner’s',
  3: 'another transaction of this account came between; try again',
  4: 'the account cannot pay: see `chordns ledger account`',
  5: 'too late',
  6: 'this account may not carry transactions: its organisation is not admitted; see `chordns ledger apply`, or have another carry it',
  91: 'it costs more than `--most` allows: see what it costs now by `chordns domain register ... --dry-run`',
  8: 'the account has had all its transactions of today: try again tomorrow',
}

function wordOf({ code, detail }: Decided): string {
  return WORDS[code] ?? (detail === '' ? `code ${code}` : `${detail} (code ${code})`)
}

function undecided(message: string) {
  return new ChordnsError(
    'DOMAIN_UNDECIDED',
    `${message}; it may still be decided: look with \`chordns domain show\``,
    {},
  )
}

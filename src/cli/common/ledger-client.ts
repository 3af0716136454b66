/** What commands do with a ledger through the running node: look, prove, and send transactions of this machine's account. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Command } from 'commander'
import { ChordnsError, type Endpoint, isChordnsError, toHex } from '../../base/index.ts'
import {
  accountView,
  type LedgerStatusView,
  ledgerStatusView,
  type OutcomeView,
  outcomeView,
  submittedView,
} from '../../observe/index.ts'
import type { TransactionPayload } from '../../peer/ledgers.ts'
import { limits } from '../limits.ts'
import { dryRunOption, jsonOption, wholeNumber } from './command.ts'
import { type ConfigFlags, loadConfigFrom } from './config-option.ts'
import { type NodeFlags, nodeOf, nodeOption } from './node-option.ts'
import { askNode, tellNode } from './status-client.ts'
import { print, printJson } from './table.ts'

/** How long a transaction that nobody takes into a block lives, ms. */
const LIFE_MS = 600_000
const DEFAULT_WAIT_MS = 60_000
/** How long the node may take to hear of a block that a validator has, ms. */
const NONCE_WAIT_MS = 15_000
const NONCE_LOOK_MS = 300
/** The mark of a transaction that another one of its account has overtaken: `ResultCode.NONCE` of `chain`. */
const NONCE = 3

export type LedgerFlags = NodeFlags &
  ConfigFlags & {
    readonly chain?: string
    readonly json?: boolean
    readonly dryRun?: boolean
    readonly fee?: string
  }

export function chainOption(command: Command): Command {
  return command.option('--chain <name>', 'root, or a TLD', 'root')
}

/** Of every command that sends a transaction of this machine's account. */
export function sendingOptions(command: Command): Command {
  return jsonOption(
    dryRunOption(chainOption(nodeOption(command)).option('--fee <amount>', 'what the transaction pays', '0')),
  )
}

/** `done`: what it did, where it stands in a block. */
export function saySent(flags: LedgerFlags, sent: SentTransaction, done: string): void {
  if (flags.json) printJson(sent)
  else if (sent.height === null) print(`would send ${sent.transaction} to ${sent.chain}:\n${sent.bytes}`)
  else print(`${done}, in block ${sent.height} of ${sent.chain}`)
}

export type ChainStatusView = LedgerStatusView['chains'][number]

export async function chainsOf(node: Endpoint): Promise<readonly ChainStatusView[]> {
  return (await askNode(node, '/ledgers', {}, ledgerStatusView)).chains
}

/** Throws USAGE when the node knows of no such ledger. */
export async function chainNamed(node: Endpoint, name: string): Promise<ChainStatusView> {
  const chains = await chainsOf(node)
  const found = chains.find((one) => one.name === name)
  if (found !== undefined) return found
  throw new ChordnsError(
    'USAGE',
    `there is no ledger ${name}; there are: ${chains.map((one) => one.name).join(', ')}`,
    {},
  )
}

/** What came of a transaction: `height` is null on a dry run. */
export interface SentTransaction {
  readonly chain: string
  readonly account: string
  readonly nonce: number
  readonly transaction: string
  readonly bytes: string
  readonly height: number | null
}

/** A transaction of one account that was made for a nonce: both hex. */
export interface MadeTransaction {
  readonly bytes: string
  readonly id: string
}

export interface Carrying {
  readonly node: Endpoint
  readonly chain: string
  /** Hex. */
  readonly account: string
  readonly make: (nonce: number) => MadeTransaction
  /** No lower nonce, whatever the ledger says: one of it was handed in already. */
  readonly leastNonce?: number
  readonly waitMs: number
}

export interface Carried extends MadeTransaction {
  readonly nonce: number
  /** Null: in no block within that time. */
  readonly outcome: OutcomeView
}

/** The nonce of an account's next transaction, behind those that the node has under way. */
export async function nextNonce({ node, chain, account, leastNonce = 0 }: Omit<Carrying, 'make' | 'waitMs'>) {
  const { next } = await askNode(node, '/ledgers/account', { chain, account }, accountView)
  return Math.max(next, leastNonce)
}

/**
 * Hands a transaction to the running node, and waits for its block. A validator's node sends transactions of this account, too: what one of them
 * has overtaken did nothing, and is made anew. Throws LEDGER_OVERTAKEN when the account stays busy.
 */
export async function carry(carrying: Carrying): Promise<Carried> {
  const { node, chain, make, waitMs } = carrying
  let nonce = await nextNonce(carrying)
  for (let tries = 1; ; tries++) {
    const { bytes, id } = make(nonce)
    let outcome: OutcomeView | undefined
    try {
      await tellNode(node, '/ledgers/submit', { chain }, submittedView, bytes)
      const query = { chain, transaction: id, waitMs: String(waitMs) }
      outcome = await askNode(node, '/ledgers/outcome', query, outcomeView, waitMs + 10_000)
    } catch (error) {
      if (!isChordnsError(error, 'LEDGER_OVERTAKEN') || tries === limits.MAX_OVERTAKEN_TRIES) throw error
    }
    if (outcome === null) await refuseUsed(carrying, nonce)
    if (outcome !== undefined && (outcome?.code !== NONCE || tries === limits.MAX_OVERTAKEN_TRIES))
      return { bytes, id, nonce, outcome }
    nonce = await nonceAfter(carrying, nonce)
  }
}

/**
 * Of a transaction that nobody remembers, whose number is used. It is not made anew: it may be the one that was decided, and would do its work twice.
 * Throws LEDGER_OVERTAKEN.
 */
async function refuseUsed({ node, chain, account }: Carrying, nonce: number): Promise<void> {
  const { nonce: used } = await askNode(node, '/ledgers/account', { chain, account }, accountView)
  if (used <= nonce) return
  const text = `a transaction with the number ${nonce} of this account is decided, and nobody remembers that it was this one: see what it did, then try again`
  throw new ChordnsError('LEDGER_OVERTAKEN', text, { nonce })
}

/** The validator that refused knows of a newer block than the node that says the nonce: that one learns of it soon. Throws LEDGER_OVERTAKEN. */
async function nonceAfter(carrying: Carrying, nonce: number): Promise<number> {
  for (const end = performance.now() + NONCE_WAIT_MS; performance.now() < end; await sleep(NONCE_LOOK_MS)) {
    const next = await nextNonce(carrying)
    if (next > nonce) return next
  }
  const text = `the number ${nonce} of this account's transactions is used up, and the ledger shows no newer one: try again`
  throw new ChordnsError('LEDGER_OVERTAKEN', text, { nonce })
}

/**
 * Signs a transaction, hands it to the running node, and waits until it stands in a block. On a dry run it is signed and shown only. Throws
 * LEDGER_MARKED when it did nothing there, LEDGER_SLOW when it is in no block in time: it may still come.
 */
export async function sendTransaction(
  flags: LedgerFlags,
  chain: string,
  payload: TransactionPayload | Uint8Array,
  waitMs = DEFAULT_WAIT_MS,
): Promise<SentTransaction> {
  const peer = await import('../../peer/ledgers.ts')
  const node = nodeOf(flags)
  const signer = await peer.loadAccount(loadConfigFrom(flags).config)
  const account = toHex(signer.publicKey)
  const { chainId } = await chainNamed(node, chain)
  const terms = { chainId, fee: feeOf(flags), expires: Date.now() + LIFE_MS }
  const make = (nonce: number) => peer.makeTransaction(signer, { ...terms, nonce }, payload)
  if (flags.dryRun) {
    const nonce = await nextNonce({ node, chain, account })
    const { bytes, id } = make(nonce)
    return { chain, account, nonce, transaction: id, bytes, height: null }
  }
  const { bytes, id, nonce, outcome } = await carry({ node, chain, account, make, waitMs })
  if (outcome === null) {
    const text = `the transaction ${id} is in no block after ${waitMs / 1_000} s; it may still come`
    throw new ChordnsError('LEDGER_SLOW', text, { transaction: id })
  }
  peer.refuseMarked(outcome)
  return { chain, account, nonce, transaction: id, bytes, height: outcome.height }
}

function feeOf({ fee }: LedgerFlags): number {
  return wholeNumber('--fee', fee ?? '0', 0, Number.MAX_SAFE_INTEGER)
}

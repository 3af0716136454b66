/** What commands do with a ledger through the running node: look, prove, and send transactions of this machine's account. */
import { ChordnsError, type Endpoint, isChordnsError, toHex } from '../../base/index.ts'
import {
  accountView,
  type LedgerStatusView,
  ledgerStatusView,
  outcomeView,
  submittedView,
} from '../../observe/index.ts'
import type { TransactionPayload } from '../../peer/index.ts'
import { type ConfigFlags, loadConfigFrom } from './config-option.ts'
import { type NodeFlags, nodeOf } from './node-option.ts'
import { askNode, tellNode } from './status-client.ts'

/** How long a transaction that nobody takes into a block lives, ms. */
const LIFE_MS = 600_000
const DEFAULT_WAIT_MS = 60_000
const MOST_TRIES = 4

export type LedgerFlags = NodeFlags &
  ConfigFlags & {
    readonly chain?: string
    readonly json?: boolean
    readonly dryRun?: boolean
    readonly fee?: string
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

/**
 * Signs a transaction, hands it to the running node, and waits until it stands in a block. On a dry run it is signed and shown only. Throws
 * LEDGER_MARKED when it did nothing there, LEDGER_SLOW when it is in no block in time: it may still come.
 */
export async function sendTransaction(
  flags: LedgerFlags,
  chainName: string,
  payload: TransactionPayload,
  waitMs = DEFAULT_WAIT_MS,
): Promise<SentTransaction> {
  const peer = await import('../../peer/index.ts')
  const node = nodeOf(flags)
  const signer = await peer.loadAccount(loadConfigFrom(flags).config)
  const account = toHex(signer.publicKey)
  const { chainId } = await chainNamed(node, chainName)
  const nonceNow = async () =>
    (await askNode(node, '/ledgers/account', { chain: chainName, account }, accountView)).nonce
  const signed = (nonce: number) => {
    const terms = { chainId, nonce, fee: feeOf(flags), expires: Date.now() + LIFE_MS }
    const { bytes, id } = peer.makeTransaction(signer, terms, payload)
    return { chain: chainName, account, nonce, transaction: id, bytes, height: null }
  }
  let sent = signed(await nonceNow())
  if (flags.dryRun) return sent
  for (let tries = 1; ; tries++)
    try {
      await tellNode(node, '/ledgers/submit', { chain: chainName }, submittedView, sent.bytes)
      break
    } catch (error) {
      // A validator's node sends transactions of this account, too: then another one has come in between.
      const nonce = isChordnsError(error, 'LEDGER_VOID') && tries < MOST_TRIES ? await nonceNow() : sent.nonce
      if (nonce === sent.nonce) throw error
      sent = signed(nonce)
    }
  const id = sent.transaction
  const query = { chain: chainName, transaction: id, waitMs: String(waitMs) }
  const outcome = await askNode(node, '/ledgers/outcome', query, outcomeView, waitMs + 10_000)
  if (outcome === null)
    throw new ChordnsError(
      'LEDGER_SLOW',
      `the transaction ${id} is in no block after ${waitMs / 1_000} s; it may still come`,
      {
        transaction: id,
      },
    )
  peer.refuseMarked(outcome)
  return { ...sent, height: outcome.height }
}

function feeOf({ fee }: LedgerFlags): number {
  const value = Number(fee ?? '0')
  if (!Number.isSafeInteger(value) || value < 0) throw new ChordnsError('USAGE', '--fee must be a whole number', {})
  return value
}

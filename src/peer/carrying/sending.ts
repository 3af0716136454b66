/** Payloads that a node sends for itself: signed with the account of its organisation. */
import { ChordnsError, type Clock, isChordnsError, sleep, toHex } from '../../base/index.ts'
import { type LightFollower, ResultCode, signTransaction, transactionId, unprovenText } from '../../chain/index.ts'
import type { Signer } from '../../crypto/index.ts'
import { ACCOUNTS, accountFrom, encodePayload, type Ledgers, moduleKey, type Payload } from '../../ledger/index.ts'
import { limits } from './limits.ts'

export interface SendingDeps {
  readonly account: Signer
  readonly follower: Pick<LightFollower, 'prove' | 'look'>
  readonly ledgers: Pick<Ledgers, 'submit' | 'outcome' | 'nextNonce'>
  readonly clock: Clock
}

export interface SentPayload {
  readonly transaction: string
  /** Undefined: it is in no block yet. */
  readonly outcome: { readonly height: number; readonly code: number; readonly detail: string } | undefined
}

/**
 * Resolves when it is decided, or was waited for long enough. The account may be in use elsewhere: what another transaction has overtaken did
 * nothing, and is made anew a few times. Rejects with LEDGER_*, and ABORTED.
 */
export async function sendPayload(
  deps: SendingDeps,
  chainId: Uint8Array,
  payload: Payload,
  signal?: AbortSignal,
): Promise<SentPayload> {
  const { account, follower, ledgers, clock } = deps
  for (let tries = 1; ; tries++) {
    const nonce = ledgers.nextNonce(chainId, account.publicKey, await provenNonce(deps, chainId))
    const expires = Math.floor(clock.now()) + limits.TRANSACTION_LIFE_MS
    const bytes = signTransaction(account, chainId, { nonce, fee: 0, expires, payload: encodePayload(payload) })
    const sent = await sendOnce(ledgers, chainId, bytes, tries === limits.OVERTAKEN_TRIES)
    if (sent !== undefined) return sent
    // The validator that refused knows of a newer block than this node: that one learns of it soon.
    await sleep(clock, limits.OVERTAKEN_WAIT_MS, signal)
    await follower.look(chainId)
  }
}

/** Undefined: overtaken, and it is not the last try. */
async function sendOnce(
  ledgers: SendingDeps['ledgers'],
  chainId: Uint8Array,
  bytes: Uint8Array,
  isLast: boolean,
): Promise<SentPayload | undefined> {
  try {
    await ledgers.submit(chainId, bytes)
  } catch (error) {
    if (isLast || !isChordnsError(error, 'LEDGER_VOID')) throw error
    const { code } = error.detail as { readonly code: number }
    if (code !== ResultCode.NONCE) throw error
    return undefined
  }
  const id = transactionId(bytes)
  const found = await ledgers.outcome(chainId, id, limits.OUTCOME_WAIT_MS)
  if (found?.result.code === ResultCode.NONCE && !isLast) return undefined
  const outcome = found && {
    height: found.height,
    code: found.result.code,
    detail: Buffer.from(found.result.detail).toString('utf8'),
  }
  return { transaction: toHex(id), outcome }
}

async function provenNonce({ account, follower }: SendingDeps, chainId: Uint8Array): Promise<number> {
  const proven = await follower.prove(chainId, [moduleKey(ACCOUNTS, account.publicKey)])
  if (proven.kind === 'proven') return accountFrom(proven.values[0]).nonce
  const { reason } = proven
  throw new ChordnsError('LEDGER_UNPROVEN', `the ledger proves nothing now: ${unprovenText(reason)}`, { reason })
}

/** Payloads that a node sends for itself: signed with the account of its organisation. */
import { ChordnsError, type Clock, toHex } from '../../base/index.ts'
import { type LedgerView, signTransaction, transactionId } from '../../chain/index.ts'
import type { Signer } from '../../crypto/index.ts'
import { ACCOUNTS, accountFrom, encodePayload, type Ledgers, moduleKey, type Payload } from '../../ledger/index.ts'
import { limits } from './limits.ts'

export interface SendingDeps {
  readonly account: Signer
  readonly follower: Pick<LedgerView, 'prove'>
  readonly ledgers: Pick<Ledgers, 'submit' | 'outcome'>
  readonly clock: Pick<Clock, 'now'>
}

export interface SentPayload {
  readonly transaction: string
  /** Undefined: it is in no block yet. */
  readonly outcome: { readonly height: number; readonly code: number; readonly detail: string } | undefined
}

/** Resolves when it is decided, or was waited for long enough. Rejects with LEDGER_*. */
export async function sendPayload(
  { account, follower, ledgers, clock }: SendingDeps,
  chainId: Uint8Array,
  payload: Payload,
): Promise<SentPayload> {
  const proven = await follower.prove(chainId, [moduleKey(ACCOUNTS, account.publicKey)])
  if (proven.kind !== 'proven')
    throw new ChordnsError('LEDGER_UNPROVEN', `the ledger proves nothing now: ${proven.reason}`, {
      reason: proven.reason,
    })
  const { nonce } = accountFrom(proven.values[0])
  const expires = Math.floor(clock.now()) + limits.TRANSACTION_LIFE_MS
  const bytes = signTransaction(account, chainId, { nonce, fee: 0, expires, payload: encodePayload(payload) })
  const id = transactionId(bytes)
  await ledgers.submit(chainId, bytes)
  const found = await ledgers.outcome(chainId, id, limits.OUTCOME_WAIT_MS)
  const outcome = found && {
    height: found.height,
    code: found.result.code,
    detail: Buffer.from(found.result.detail).toString('utf8'),
  }
  return { transaction: toHex(id), outcome }
}

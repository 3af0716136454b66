/** Transactions of the benchmark of stops: 64 accounts with 64 of them each make the largest block. */
import type { Ticket } from '../../src/chain/index.ts'

/** As long as 4,096 of them may be. */
const BYTES = 500

export function transactionOf(block: number, index: number): Uint8Array {
  const bytes = new Uint8Array(BYTES)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, index >> 6)
  view.setUint32(4, block * 64 + (index & 63))
  return bytes
}

export function accountOf(transaction: Uint8Array): string {
  return `account ${new DataView(transaction.buffer, transaction.byteOffset).getUint32(0)}`
}

export function ticketOf(transaction: Uint8Array): Ticket {
  const nonce = new DataView(transaction.buffer, transaction.byteOffset).getUint32(4)
  return { account: accountOf(transaction), nonce, fee: 0, expires: Number.MAX_SAFE_INTEGER }
}

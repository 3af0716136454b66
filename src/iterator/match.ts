/** Whether these bytes are the reply to what was sent. Decided on the bytes, before anything is decoded. */
import { equalBytes } from '../base/index.ts'
import { canonicalName, type Question, Rcode } from '../dns/index.ts'

export interface Sent {
  readonly id: number
  /** As sent, with its random case if `exactCase`. */
  readonly question: Question
  /** 0x20: the reply must carry the name byte for byte (draft-vixie-dnsext-dns0x20). */
  readonly exactCase: boolean
}

/**
 * `ours`: take it. `foreign`: ignore it and keep waiting; a forged or broken datagram must not end the wait (TuDoor,
 * IEEE S&P 2024). `wrong-id` and `wrong-case`: right question, but not quite the reply: somebody may be guessing, or the server
 * does not keep the case; ask again over TCP (PowerDNS `spoof-nearmiss-max`).
 */
export type Match = 'ours' | 'foreign' | 'wrong-id' | 'wrong-case'

const HEADER_BYTES = 12

export function matchReply(reply: Uint8Array, sent: Sent): Match {
  if (reply.length < HEADER_BYTES) return 'foreign'
  const isResponse = (reply[2]! & 0x80) !== 0
  const opcode = (reply[2]! >> 3) & 0x0f
  if (!isResponse || opcode !== 0) return 'foreign'
  const sameId = ((reply[0]! << 8) | reply[1]!) === sent.id
  const questions = (reply[4]! << 8) | reply[5]!
  if (questions === 0) return sameId && isBareError(reply) ? 'ours' : 'foreign'
  if (questions !== 1) return 'foreign'
  const wire = sent.question.name.wire
  const end = HEADER_BYTES + wire.length
  if (reply.length < end + 4) return 'foreign'
  const type = (reply[end]! << 8) | reply[end + 1]!
  const classNumber = (reply[end + 2]! << 8) | reply[end + 3]!
  if (type !== sent.question.type || classNumber !== sent.question.class) return 'foreign'
  const name = reply.subarray(HEADER_BYTES, end)
  if (!equalIgnoringCase(name, wire)) return 'foreign'
  if (!sameId) return 'wrong-id'
  return sent.exactCase && !equalBytes(name, wire) ? 'wrong-case' : 'ours'
}

/** Some servers leave the question out of the reply when they could not read the query. */
function isBareError(reply: Uint8Array): boolean {
  const rcode = reply[3]! & 0x0f
  return rcode === Rcode.FORMERR || rcode === Rcode.NOTIMP || rcode === Rcode.SERVFAIL || rcode === Rcode.REFUSED
}

/** Length bytes are below 64, so lower-casing whole wire names is safe. */
function equalIgnoringCase(a: Uint8Array, b: Uint8Array): boolean {
  for (let i = 0; i < b.length; i++) if (lower(a[i]!) !== lower(b[i]!)) return false
  return true
}

function lower(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte
}

/**
 * A copy of the reply in which the question is in lower case. Names in a reply point at its question, so without this the random case would end up
 * in owners and in rdata, and from there in the cache; with the letters that somebody asked in, those of whoever asked first.
 */
export function withLowerQuestion(reply: Uint8Array, asked: Question): Uint8Array {
  const copy = reply.slice()
  const { wire } = canonicalName(asked.name)
  const hasQuestion = ((reply[4]! << 8) | reply[5]!) === 1
  if (hasQuestion && reply.length >= HEADER_BYTES + wire.length) copy.set(wire, HEADER_BYTES)
  return copy
}

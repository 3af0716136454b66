/** Recording a signed answer: what a transaction makes of the state, and the transaction for one that is held. Pure. */
import { equalBytes, isChordnsError } from '../../base/index.ts'
import { chunkOf, holdsPrivateAddress, isInSection, mayShare, type SignedEntry } from '../../chunks/index.ts'
import { type Question, Type } from '../../dns/index.ts'
import { nearestAnchor, type TrustAnchor } from '../../dnssec/index.ts'
import type { ProofLink } from '../../evidence/index.ts'
import { limits } from '../limits.ts'
import type { BlockPlace, ChangeContext } from './context.ts'
import { sectionOfGroup } from './descriptor.ts'
import { decodeLink, encodeLink, HASH_BYTES, linkHash } from './links.ts'
import { compareRecords } from './order.ts'
import { type NamedAnchor, verifySigned } from './signed.ts'
import {
  type ChunkState,
  linkIn,
  recordedIn,
  recordOfSigned,
  type StateRecord,
  signedTotalsOf,
  withLink,
  withRecord,
  withSignedTotals,
} from './state.ts'
import type { SignedProof, SigningTransaction } from './transactions.ts'

/** The state after the transaction, which has so many bytes, or why it is not valid here. */
export function afterSigning(
  { group, chunkBits, verifySigned: verify }: Pick<ChangeContext, 'group' | 'chunkBits' | 'verifySigned'>,
  state: ChunkState,
  { question, outcome, proof }: SigningTransaction,
  before: StateRecord | undefined,
  bytes: number,
  { height, time }: BlockPlace,
): ChunkState | string {
  if (!isInSection(chunkOf(question.name, chunkBits), sectionOfGroup(group))) return 'another chunk'
  if (!mayShare(question, () => false) || holdsPrivateAddress(outcome)) return 'what is never shared'
  const record = recordOfSigned({ question, outcome }, height)
  const fault = timeFault(proof, record, time) ?? orderFault(record, before, time) ?? roomFault(state, before, bytes)
  if (fault !== undefined) return fault
  const links = linksOf(state, proof)
  if (typeof links === 'string') return links
  const verdict = verify({ question, outcome, anchor: proof.anchor, links, at: proof.at })
  if (!verdict.ok) return verdict.reason
  const ttlMs = Math.min(verdict.ttlSeconds * 1_000, limits.MAX_CHAIN_MS)
  if (proof.until > proof.at + ttlMs) return 'served for longer than its TTL'
  return withRecord(withLinks(state, proof, bytes), question, record)
}

function timeFault({ at, until }: SignedProof, { expires }: StateRecord, time: number): string | undefined {
  if (time < at) return 'checked after its block'
  if (time > at + limits.SIGNED_LATE_MS) return 'checked too long before its block'
  return until <= time || expires <= time ? 'expired' : undefined
}

function orderFault(record: StateRecord, before: StateRecord | undefined, time: number): string | undefined {
  if (before === undefined || isNews(record, before, time)) return undefined
  return equalBytes(record.digest, before.digest) ? 'recorded already' : 'not signed later than what is recorded'
}

/** Whether the record is worth taking the place of the other one. The same content, signed anew, is so only near its end. */
function isNews(record: StateRecord, before: StateRecord, time: number): boolean {
  if (compareRecords(record, before) <= 0) return false
  if (before.class !== 'signed' || !equalBytes(record.digest, before.digest)) return true
  return time > before.expires - (before.expires - before.seen) * limits.SIGNED_RENEW_PART
}

function roomFault(state: ChunkState, before: StateRecord | undefined, bytes: number): string | undefined {
  const totals = signedTotalsOf(state)
  if (bytes > limits.MAX_SIGNED_BYTES) return 'too large'
  if (totals.bytes + bytes > limits.MAX_CHAIN_SIGNED_BYTES) return 'no more room for what is signed'
  return before === undefined && state.size - totals.links > limits.MAX_ENTRIES ? 'the state is full' : undefined
}

/** The links, with those that are named by their hash taken from the state; or what is wrong with them. */
function linksOf(state: ChunkState, { links }: SignedProof): readonly ProofLink[] | string {
  try {
    const found: ProofLink[] = []
    for (const link of links) {
      const bytes = link.length === HASH_BYTES ? linkIn(state, link) : link
      if (bytes === undefined) return 'a link that the chain does not have'
      found.push(decodeLink(bytes))
    }
    return found
  } catch (error) {
    if (isChordnsError(error, 'CHUNK_MALFORMED')) return error.message
    throw error
  }
}

function withLinks(state: ChunkState, { links }: SignedProof, bytes: number): ChunkState {
  const totals = signedTotalsOf(state)
  let next = state
  let count = totals.links
  for (const link of links) {
    if (link.length === HASH_BYTES || count >= limits.MAX_STATE_LINKS) continue
    const hash = linkHash(link)
    if (linkIn(next, hash) !== undefined) continue
    next = withLink(next, hash, link)
    count++
  }
  return withSignedTotals(next, { bytes: totals.bytes + bytes, links: count })
}

/** What a block recorded, with its links as they were carried: for whoever takes it from the chain. */
export function recordedEntry(
  state: ChunkState,
  { question, outcome, proof }: SigningTransaction,
): Omit<SignedEntry, 'chunk'> | undefined {
  const links = linksOf(state, proof)
  return typeof links === 'string' ? undefined : { question, class: 'signed', outcome, links, expires: proof.until }
}

/**
 * What changes the state so that it has this signed answer; undefined when it has it, or something later. A reason when it cannot be
 * shown to be signed. `anchors`: those that this node trusts; `at`: unix ms.
 */
export function signingFor(
  state: ChunkState,
  { question, outcome, links, expires }: SignedEntry,
  anchors: readonly TrustAnchor[],
  at: number,
): SigningTransaction | string | undefined {
  const before = recordedIn(state, question)
  if (before !== undefined && !isNews(recordOfSigned({ question, outcome }, 0), before, at)) return undefined
  const written = links.flatMap((link) => encodeLink(link) ?? []).slice(0, limits.MAX_LINKS)
  const known = written.filter(({ length }) => length <= limits.MAX_LINK_BYTES).map(decodeLink)
  let reason = 'no trust anchor'
  for (const anchor of anchorsFor(question, anchors)) {
    const verdict = verifySigned({ question, outcome, anchor, links: known, at })
    if (!verdict.ok) {
      reason = verdict.reason
      continue
    }
    const until = Math.floor(Math.min(expires, at + verdict.ttlSeconds * 1_000, at + limits.MAX_CHAIN_MS))
    const proof = { anchor, at, until, links: verdict.links.map((link) => shortened(state, encodeLink(link)!)) }
    return { kind: 'sign', question, old: before?.digest, outcome: verdict.outcome, proof }
  }
  return reason
}

/** The hash of a link that the chain has, else the link. */
function shortened(state: ChunkState, link: Uint8Array): Uint8Array {
  const hash = linkHash(link)
  return linkIn(state, hash) === undefined ? link : hash
}

/** The records that the chain of trust to the question may begin with. */
function* anchorsFor({ name }: Question, anchors: readonly TrustAnchor[]): Generator<NamedAnchor> {
  const anchor = nearestAnchor(name, anchors)
  if (anchor === undefined) return
  const { zone, ds, keys } = anchor
  for (const rdata of ds) yield { zone, type: Type.DS, rdata }
  for (const rdata of keys) yield { zone, type: Type.DNSKEY, rdata }
}

/** Whether the record that a chain of trust begins with is one that these anchors have. */
export function isTrusted({ zone, type, rdata }: NamedAnchor, anchors: readonly TrustAnchor[]): boolean {
  return anchors.some(
    (anchor) =>
      anchor.zone.key === zone.key &&
      (type === Type.DS ? anchor.ds : anchor.keys).some((one) => equalBytes(one, rdata)),
  )
}

/**
 * Links: heads of other chains recorded on this one, by the rule of witnesses (M6). A chain that forks is linked in one of its forms only, and two
 * notes, or two headers, that cannot both be true end its links for good. Root and TLD chains link each other both ways with the same module.
 */
import { isChordnsError } from '../../../base/index.ts'
import {
  applyHeaderFork,
  applyLink,
  applyNoteFork,
  applyRenewal,
  beginLinked,
  decodeGenesis,
  decodeHeaderFork,
  decodeLink,
  decodeNoteFork,
  type LinkedRecord,
  lightRules,
  ResultCode,
} from '../../../chain/index.ts'
import { type CborField, type CborValue, encodeCanonical, sha256 } from '../../../crypto/index.ts'
import { limits } from '../../limits.ts'
import { ledgerReader, refuse } from '../../refusal.ts'
import { type BallotBook, castBallot } from '../../tally.ts'
import type { Call, LedgerModule, Payload, StateReader } from '../../types.ts'
import { nodesElectorate, voterTerm } from '../authority/view.ts'
import { CHAIN_TALLIES, LINKS, readLinked, writeFork, writeLinked } from './records.ts'

const LINK = 1
const NOTE_FORK = 2
/** Nodes vote on another chain's genesis, from which its links begin. */
const LINK_CHAIN = 5
/** Nodes vote on where a link begins anew whose term is over. */
const RENEW_LINK = 7
const HEADER_FORK = 8

const { readCbor, readRow, readBytes, readBoolean } = ledgerReader

export const links: LedgerModule = {
  id: LINKS,
  name: 'links',
  kinds: [LINK, NOTE_FORK, LINK_CHAIN, RENEW_LINK, HEADER_FORK],
  execute(call) {
    if (call.kind === LINK_CHAIN) linkChain(call)
    else if (call.kind === RENEW_LINK) renewLink(call)
    else if (call.kind === LINK) link(call)
    else recordFork(call)
  },
}

export function linkChainPayload(genesis: Uint8Array, inFavour = true): Payload {
  return [LINK_CHAIN, genesis, inFavour]
}

/** What nodes vote on. */
export function linkChainSubject(genesis: Uint8Array): Uint8Array {
  return sha256(genesis)
}

/** `link`: payload 1, whose entries of the header's set stand in 7, and null in 8. */
export function renewLinkPayload(link: Uint8Array, inFavour = true): Payload {
  const [, fields] = readRow(readCbor(link, limits.MAX_PAYLOAD_BYTES, 'link'), 2, 'link')
  return [RENEW_LINK, fields as CborValue, inFavour]
}

/** What nodes vote on: cosignatures beside it differ from one to the other. */
export function renewLinkSubject({ origin, size, root, time, nextSetRoot }: LinkedRecord): CborValue {
  return [new TextEncoder().encode(origin), size, root, time, nextSetRoot]
}

/** From where another chain is followed is a matter of trust, so more than half of the nodes say it (M9). */
function linkChain({ account, own, all, fields, block }: Call): void {
  const [genesisField, inFavourField] = readRow(fields, 2, 'chain')
  const bytes = readBytes(genesisField, 1, limits.MAX_PAYLOAD_BYTES, 'genesis')
  const inFavour = readBoolean(inFavourField, 'in favour')
  const since = voterTerm(all, account) ?? refuse(ResultCode.NOT_ALLOWED, 'no vote')
  const record = chainWord(() => beginLinked(decodeGenesis(bytes)))
  if (readLinked(own, record.origin) !== undefined) refuse(ResultCode.TAKEN, 'linked already')
  const ballot = { voice: { account, since }, inFavour, subject: linkChainSubject(bytes), time: block.time }
  if (castBallot(own, CHAIN_TALLIES, ballot, nodesElectorate(all))) writeLinked(own, record)
}

/**
 * For who lists what is open. Where a link begins anew is in the same tallies: nodes say that by themselves, and what it is on depends on the
 * state of then, so it has no text.
 */
export const chainBallots: BallotBook = {
  about: 'links',
  module: LINKS,
  place: CHAIN_TALLIES,
  read(kind, fields) {
    if (kind !== LINK_CHAIN) return undefined
    const bytes = readBytes(readRow(fields, 2, 'chain')[0] ?? null, 1, limits.MAX_PAYLOAD_BYTES, 'genesis')
    const { origin } = chainWord(() => beginLinked(decodeGenesis(bytes)))
    return { subject: linkChainSubject(bytes), text: `follow ${origin} from its genesis on` }
  },
}

/** So it is where nobody has linked it for so long that its last set says nothing any more; all but that set must hold. */
function renewLink({ account, own, all, fields, block, scheme }: Call): void {
  const [linkField, inFavourField] = readRow(fields, 2, 'link')
  const payload = linkPayloadOf(linkField)
  const inFavour = readBoolean(inFavourField, 'in favour')
  const since = voterTerm(all, account) ?? refuse(ResultCode.NOT_ALLOWED, 'no vote')
  const { origin } = chainWord(() => decodeLink(payload))
  const outcome = chainWord(() => applyRenewal(lightRules(scheme), linkedAt(own, origin), payload, block.time))
  if (outcome.kind === 'refused')
    refuse(outcome.reason === 'stale' ? ResultCode.TAKEN : ResultCode.NOT_ALLOWED, outcome.reason)
  const subject = renewLinkSubject(outcome.record)
  const ballot = { voice: { account, since }, inFavour, subject, time: block.time }
  if (castBallot(own, CHAIN_TALLIES, ballot, nodesElectorate(all))) writeLinked(own, outcome.record)
}

function linkPayloadOf(field: CborField): Uint8Array {
  if (!(field instanceof Map)) refuse(ResultCode.MALFORMED, 'link')
  return encodeCanonical([LINK, field])
}

function link({ own, fields, block, scheme }: Call): void {
  const payload = encodeCanonical([LINK, ...fields])
  const { origin } = chainWord(() => decodeLink(payload))
  const outcome = chainWord(() => applyLink(lightRules(scheme), linkedAt(own, origin), payload, block.time))
  if (outcome.kind === 'refused')
    refuse(outcome.reason === 'stale' ? ResultCode.TAKEN : ResultCode.NOT_ALLOWED, outcome.reason)
  writeLinked(own, outcome.record)
}

/** Two notes, or two headers. */
function recordFork({ kind, own, fields, block, scheme }: Call): void {
  const payload = encodeCanonical([kind, ...fields])
  const [decode, apply] =
    kind === NOTE_FORK ? ([decodeNoteFork, applyNoteFork] as const) : ([decodeHeaderFork, applyHeaderFork] as const)
  const { origin } = chainWord(() => decode(payload))
  const record = linkedAt(own, origin)
  if (record.isForked) refuse(ResultCode.TAKEN, 'known')
  const outcome = chainWord(() => apply(lightRules(scheme), record, payload, block.time))
  if (outcome.kind === 'refused') refuse(ResultCode.NOT_ALLOWED, outcome.reason)
  writeLinked(own, outcome.record)
  writeFork(own, origin, { height: block.height, signers: outcome.signers.map(({ id }) => id) })
}

function linkedAt(own: StateReader, origin: string): LinkedRecord {
  return readLinked(own, origin) ?? refuse(ResultCode.NOT_ALLOWED, 'no such chain')
}

/** What the chain's readers do not take is malformed here, too. */
function chainWord<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (isChordnsError(error, 'CHAIN_MALFORMED')) refuse(ResultCode.MALFORMED, 'malformed')
    throw error
  }
}

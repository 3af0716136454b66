/**
 * Links: heads of other chains recorded on this one, by the rule of witnesses (M6). A chain that forks is linked in one of its forms only, and two
 * notes that cannot both be true end its links for good. Root and TLD chains link each other both ways with the same module.
 */
import { concatBytes, isChordnsError } from '../../../base/index.ts'
import {
  applyLink,
  applyNoteFork,
  beginLinked,
  decodeGenesis,
  decodeLink,
  decodeLinked,
  decodeNoteFork,
  encodeLinked,
  type LinkedRecord,
  lightRules,
  ResultCode,
} from '../../../chain/index.ts'
import { encodeCanonical, sha256 } from '../../../crypto/index.ts'
import { readerOf } from '../../draft.ts'
import { limits } from '../../limits.ts'
import { ledgerReader, refuse } from '../../refusal.ts'
import { castBallot, type TallyPlace } from '../../tally.ts'
import type { Call, Draft, LedgerModule, Payload, StateReader } from '../../types.ts'
import { nodesElectorate, voterTerm } from '../authority/view.ts'

export const LINKS = 4
const LINK = 1
const NOTE_FORK = 2
/** Nodes vote on another chain's genesis, from which its links begin. */
const LINK_CHAIN = 5

const { readCbor, readRow, readList, readInteger, readBytes, readHash, readBoolean, readUtf8 } = ledgerReader
const text = new TextEncoder()
const TALLIES: TallyPlace = { keyOf: (subject) => concatBytes(Uint8Array.of(3), subject), openKey: Uint8Array.of(4) }
const linkedKey = (origin: string) => concatBytes(Uint8Array.of(1), sha256(text.encode(origin)))
const forkKey = (origin: string) => concatBytes(Uint8Array.of(2), sha256(text.encode(origin)))

export const links: LedgerModule = {
  id: LINKS,
  name: 'links',
  kinds: [LINK, NOTE_FORK, LINK_CHAIN],
  execute(call) {
    if (call.kind === LINK_CHAIN) linkChain(call)
    else if (call.kind === LINK) link(call)
    else recordFork(call)
  },
}

export function linkChainPayload(genesis: Uint8Array, inFavour = true): Payload {
  return [LINK_CHAIN, genesis, inFavour]
}

/** What is linked of a chain, by its origin. */
export function linkedOf(state: StateReader, origin: string): LinkedRecord | undefined {
  return readLinked(readerOf(state, LINKS), origin)
}

/** A fork that was shown: at which height, and by whose cosignatures. */
export interface RecordedFork {
  readonly height: number
  readonly signers: readonly Uint8Array[]
}

export function forkOf(state: StateReader, origin: string): RecordedFork | undefined {
  const value = readerOf(state, LINKS).get(forkKey(origin))
  if (value === undefined) return undefined
  const [height, signers] = readRow(readCbor(value, limits.MAX_VALUE_BYTES, 'fork'), 2, 'fork')
  return {
    height: readInteger(height, 0, limits.MAX_AMOUNT, 'height'),
    signers: readList(signers, limits.MAX_VALIDATORS, 'signers', (one) => readHash(one, 'id')),
  }
}

/** From where another chain is followed is a matter of trust, so more than half of the nodes say it (M9). */
function linkChain({ account, own, all, fields, block }: Call): void {
  const [genesisField, inFavourField] = readRow(fields, 2, 'chain')
  const bytes = readBytes(genesisField, 1, limits.MAX_PAYLOAD_BYTES, 'genesis')
  const inFavour = readBoolean(inFavourField, 'in favour')
  const since = voterTerm(all, account) ?? refuse(ResultCode.NOT_ALLOWED, 'no vote')
  const record = chainWord(() => beginLinked(decodeGenesis(bytes)))
  if (readLinked(own, record.origin) !== undefined) refuse(ResultCode.TAKEN, 'linked already')
  const ballot = { voice: { account, since }, inFavour, subject: sha256(bytes), time: block.time }
  if (castBallot(own, TALLIES, ballot, nodesElectorate(all))) writeLinked(own, record)
}

function link({ own, fields, block, scheme }: Call): void {
  const payload = encodeCanonical([LINK, ...fields])
  const { origin } = chainWord(() => decodeLink(payload))
  const outcome = chainWord(() => applyLink(lightRules(scheme), linkedAt(own, origin), payload, block.time))
  if (outcome.kind === 'refused')
    refuse(outcome.reason === 'stale' ? ResultCode.TAKEN : ResultCode.NOT_ALLOWED, outcome.reason)
  writeLinked(own, outcome.record)
}

function recordFork({ own, fields, block, scheme }: Call): void {
  const payload = encodeCanonical([NOTE_FORK, ...fields])
  const { origin } = chainWord(() => decodeNoteFork(payload))
  const record = linkedAt(own, origin)
  if (record.isForked) refuse(ResultCode.TAKEN, 'known')
  const outcome = chainWord(() => applyNoteFork(lightRules(scheme), record, payload))
  if (outcome.kind === 'refused') refuse(ResultCode.NOT_ALLOWED, outcome.reason)
  writeLinked(own, outcome.record)
  own.set(forkKey(origin), encodeCanonical([block.height, outcome.signers.map(({ id }) => id)]))
}

function linkedAt(own: StateReader, origin: string): LinkedRecord {
  return readLinked(own, origin) ?? refuse(ResultCode.NOT_ALLOWED, 'no such chain')
}

function readLinked(own: StateReader, origin: string): LinkedRecord | undefined {
  const value = own.get(linkedKey(origin))
  if (value === undefined) return undefined
  const [name, record] = readRow(readCbor(value, limits.MAX_VALUE_BYTES, 'linked'), 2, 'linked')
  return decodeLinked(readBytes(record, 1, limits.MAX_VALUE_BYTES, 'linked'), readUtf8(name, 1_024, 'origin'))
}

function writeLinked(own: Draft, record: LinkedRecord): void {
  own.set(linkedKey(record.origin), encodeCanonical([text.encode(record.origin), encodeLinked(record)]))
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

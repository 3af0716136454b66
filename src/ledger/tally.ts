/**
 * Votes on subjects, in a part of a state: who voted for what, until more than half of an electorate did, or the term is over. A voice has
 * the term in which its voter was admitted, so that it is void once he has left, also when he comes back.
 */
import { equalBytes } from '../base/index.ts'
import { ResultCode } from '../chain/index.ts'
import { type CborValue, encodeCanonical, sha256 } from '../crypto/index.ts'
import { limits } from './limits.ts'
import { ledgerReader, refuse } from './refusal.ts'
import type { Draft, StateReader } from './types.ts'

const { readCbor, readRow, readList, readInteger, readHash } = ledgerReader

export interface Voice {
  readonly account: Uint8Array
  /** Of the voter's term: the height at which he was admitted. */
  readonly since: number
}

export interface Ballot {
  readonly voice: Voice
  readonly inFavour: boolean
  /** What is voted on, as CBOR; its hash names the tally. */
  readonly subject: CborValue
  /** Unix ms, of the block. */
  readonly time: number
}

export interface Electorate {
  readonly size: number
  /** Whether a voice is of a voter of now, in the term of now. */
  readonly counts: (voice: Voice) => boolean
}

export interface TallyPlace {
  /** Of the tally of a subject. */
  readonly keyOf: (subject: Uint8Array) => Uint8Array
  /** Of the list of open tallies. */
  readonly openKey: Uint8Array
}

/** What one payload is a vote on. */
export interface VotedOn {
  readonly subject: CborValue
  /** In words, for members. */
  readonly text: string
}

/** Votes of nodes that have their tallies in one place: so that what is open can be listed. */
export interface BallotBook {
  /** What they are on, in a word or two. */
  readonly about: string
  /** Whose part of the state has the tallies. */
  readonly module: number
  readonly place: TallyPlace
  /** Undefined: a payload of another kind. What is malformed, it refuses. */
  readonly read: (kind: number, fields: readonly CborValue[]) => VotedOn | undefined
}

export interface OpenTally {
  /** Of what is voted on. */
  readonly hash: Uint8Array
  /** Unix ms. */
  readonly expires: number
  /** Of voters of now. */
  readonly voices: readonly Voice[]
}

/** Takes a ballot in or back. True when more than half of the electorate is in favour now; then the tally is closed. */
export function castBallot(own: Draft, place: TallyPlace, ballot: Ballot, { size, counts }: Electorate): boolean {
  const { voice, inFavour, subject, time } = ballot
  const hash = sha256(encodeCanonical(subject))
  const known = readTally(own, place, hash)
  const isOpen = known !== undefined && known.expires > time
  const others = isOpen ? known.voices.filter((one) => !equalBytes(one.account, voice.account)) : []
  const voices = (inFavour ? [...others, voice] : others).filter(counts)
  const isWon = voices.length * 2 > size
  if (isWon || voices.length === 0) {
    own.delete(place.keyOf(hash))
    writeOpen(own, place, without(readOpen(own, place), hash))
    return isWon
  }
  open(own, place, hash, time)
  const expires = isOpen ? known.expires : time + limits.VOTE_TERM_MS
  own.set(place.keyOf(hash), encodeCanonical([expires, voices.map(({ account, since }) => [account, since])]))
  return false
}

/** Whether an account's voice in favour stands in a tally that is open. */
export function hasVoice(
  own: StateReader,
  place: TallyPlace,
  { subject, account, time }: { readonly subject: CborValue; readonly account: Uint8Array; readonly time: number },
): boolean {
  const known = readTally(own, place, sha256(encodeCanonical(subject)))
  return known !== undefined && known.expires > time && known.voices.some((one) => equalBytes(one.account, account))
}

/** Those whose place nobody else has taken yet: the term of some may be over. */
export function openTallies(
  own: StateReader,
  place: TallyPlace,
  { counts }: Pick<Electorate, 'counts'>,
): readonly OpenTally[] {
  return readOpen(own, place).flatMap((hash) => {
    const known = readTally(own, place, hash)
    return known === undefined ? [] : [{ hash, expires: known.expires, voices: known.voices.filter(counts) }]
  })
}

/** Names a tally among the open ones. The places of those that ended without a majority are free again. */
function open(own: Draft, place: TallyPlace, hash: Uint8Array, time: number): void {
  const all = readOpen(own, place)
  if (all.some((one) => equalBytes(one, hash))) return
  const over = all.filter((one) => (readTally(own, place, one)?.expires ?? 0) <= time)
  for (const one of over) own.delete(place.keyOf(one))
  const left = all.filter((one) => !over.includes(one))
  if (left.length >= limits.MAX_OPEN_VOTES) refuse(ResultCode.QUOTA, 'open votes')
  writeOpen(own, place, [...left, hash])
}

function readTally(own: StateReader, { keyOf }: TallyPlace, hash: Uint8Array) {
  const value = own.get(keyOf(hash))
  if (value === undefined) return undefined
  const [expires, voices] = readRow(readCbor(value, limits.MAX_VALUE_BYTES, 'tally'), 2, 'tally')
  return {
    expires: readInteger(expires, 0, limits.MAX_AMOUNT, 'time'),
    voices: readList(voices, limits.MAX_NODES, 'voices', (one): Voice => {
      const [account, since] = readRow(one, 2, 'voice')
      return { account: readHash(account, 'account'), since: readInteger(since, 0, limits.MAX_AMOUNT, 'since') }
    }),
  }
}

function readOpen(own: StateReader, { openKey }: TallyPlace): readonly Uint8Array[] {
  const value = own.get(openKey)
  if (value === undefined) return []
  return readList(readCbor(value, limits.MAX_VALUE_BYTES, 'open votes'), limits.MAX_OPEN_VOTES, 'open votes', (one) =>
    readHash(one, 'subject'),
  )
}

function writeOpen(own: Draft, { openKey }: TallyPlace, hashes: readonly Uint8Array[]): void {
  if (hashes.length === 0) own.delete(openKey)
  else own.set(openKey, encodeCanonical([...hashes]))
}

function without(hashes: readonly Uint8Array[], hash: Uint8Array): readonly Uint8Array[] {
  return hashes.filter((one) => !equalBytes(one, hash))
}

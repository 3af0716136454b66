/**
 * Registries: which TLDs there are, on the Root chain (N1, N4). More than half of the nodes give a TLD to a registry; from then on its record is
 * the registry's own: the TLD's chain, its keys and servers, and whether it exists on the ledger only.
 */
import { concatBytes, equalBytes, latin1, toHex } from '../../../base/index.ts'
import { ResultCode } from '../../../chain/index.ts'
import { type CborField, type CborValue, encodeCanonical } from '../../../crypto/index.ts'
import { readerOf } from '../../draft.ts'
import { limits } from '../../limits.ts'
import { ledgerReader, refuse } from '../../refusal.ts'
import { type BallotBook, castBallot, type TallyPlace } from '../../tally.ts'
import type { Call, Draft, LedgerModule, Payload, StateReader } from '../../types.ts'
import { networkNodeOf, nodesElectorate, voterTerm } from '../authority/view.ts'
import { isNameLabel } from '../names/label.ts'
import { type NameSettings, settingsFromValue, settingsToValue } from '../names/settings.ts'
import { addLabel, dropLabel, listedLabels } from './list.ts'

export const REGISTRIES = 6
const VOTE_TLD = 120
const UPDATE_TLD = 121
const HAND_OVER_TLD = 122

const { readCbor, readRow, readInteger, readBytes, readHash, readBoolean } = ledgerReader
const TALLIES: TallyPlace = { keyOf: (subject) => concatBytes(Uint8Array.of(2), subject), openKey: Uint8Array.of(3) }
const tldKey = (label: Uint8Array) => concatBytes(Uint8Array.of(1), label)

export interface TldRecord {
  /** Account of the registry: only its transactions change the rest. */
  readonly registry: Uint8Array
  /** The TLD's own chain; the id is the hash of its genesis. */
  readonly chainId: Uint8Array | undefined
  /** Keys and servers of the TLD's zone. */
  readonly zone: NameSettings | undefined
  /** No root server knows it: resolvers ask the ledger alone. */
  readonly isLedgerOnly: boolean
  /** Height of the last change. */
  readonly changed: number
}

export type TldSubject =
  | { readonly kind: 'give'; readonly label: Uint8Array; readonly registry: Uint8Array }
  | { readonly kind: 'take'; readonly label: Uint8Array }

export const registries: LedgerModule = {
  id: REGISTRIES,
  name: 'registries',
  chains: 'root',
  kinds: [VOTE_TLD, UPDATE_TLD, HAND_OVER_TLD],
  execute(call) {
    if (call.kind === VOTE_TLD) voteTld(call)
    else if (call.kind === UPDATE_TLD) updateTld(call)
    else handOver(call)
  },
}

export function tldVotePayload(subject: TldSubject, inFavour = true): Payload {
  return [VOTE_TLD, subjectToValue(subject), inFavour]
}

export function updateTldPayload(
  label: Uint8Array,
  { chainId, zone, isLedgerOnly }: Pick<TldRecord, 'chainId' | 'zone' | 'isLedgerOnly'>,
): Payload {
  return [UPDATE_TLD, label, chainId ?? null, zone === undefined ? null : settingsToValue(zone), isLedgerOnly]
}

/** To another node of the Root chain. */
export function handOverTldPayload(label: Uint8Array, registry: Uint8Array): Payload {
  return [HAND_OVER_TLD, label, registry]
}

export function tldOf(state: StateReader, label: Uint8Array): TldRecord | undefined {
  return readTld(readerOf(state, REGISTRIES), label)
}

/** All that there are: every page of the list and every record is read, so that proofs of these are proof of the whole. */
export function tldsOf(
  state: StateReader,
): readonly { readonly label: Uint8Array; readonly record: TldRecord | undefined }[] {
  const own = readerOf(state, REGISTRIES)
  return listedLabels(own).map((label) => ({ label, record: readTld(own, label) }))
}

/** The key of a TLD in the module's part: what proofs are asked for. */
export function tldStateKey(label: Uint8Array): Uint8Array {
  return tldKey(label)
}

export function decodeTld(value: Uint8Array): TldRecord {
  const row = readRow(readCbor(value, limits.MAX_VALUE_BYTES, 'TLD'), 5, 'TLD')
  return {
    registry: readHash(row[0], 'registry'),
    chainId: row[1] === null ? undefined : readHash(row[1], 'chain id'),
    zone: row[2] === null ? undefined : settingsFromValue(row[2]),
    isLedgerOnly: readBoolean(row[3], 'ledger only'),
    changed: readInteger(row[4], 0, limits.MAX_AMOUNT, 'height'),
  }
}

function voteTld({ account, own, all, fields, block }: Call): void {
  const [subjectField, inFavour] = readRow(fields, 2, 'vote')
  const subject = subjectFromValue(subjectField)
  const since = voterTerm(all, account) ?? refuse(ResultCode.NOT_ALLOWED, 'no vote')
  const known = readTld(own, subject.label)
  if (subject.kind === 'give') {
    // A TLD is one registry's (M1): it is taken back first.
    if (known !== undefined) refuse(ResultCode.TAKEN, 'TLD')
    checkRegistry(all, subject.registry)
  } else if (known === undefined) refuse(ResultCode.NOT_ALLOWED, 'no such TLD')
  const ballot = {
    voice: { account, since },
    inFavour: readBoolean(inFavour, 'in favour'),
    subject: subjectToValue(subject),
    time: block.time,
  }
  if (!castBallot(own, TALLIES, ballot, nodesElectorate(all))) return
  if (subject.kind === 'take') {
    own.delete(tldKey(subject.label))
    dropLabel(own, subject.label)
    return
  }
  addLabel(own, subject.label)
  writeTld(own, subject.label, {
    registry: subject.registry,
    chainId: undefined,
    zone: undefined,
    isLedgerOnly: false,
    changed: block.height,
  })
}

/** For who lists what is open. */
export const tldBallots: BallotBook = {
  about: 'TLDs',
  module: REGISTRIES,
  place: TALLIES,
  read(kind, fields) {
    if (kind !== VOTE_TLD) return undefined
    const subject = subjectFromValue(readRow(fields, 2, 'vote')[0] ?? null)
    const label = latin1(subject.label)
    const text = subject.kind === 'give' ? `give ${label} to ${toHex(subject.registry)}` : `take ${label} back`
    return { subject: subjectToValue(subject), text }
  },
}

function updateTld({ account, own, fields, block }: Call): void {
  const [labelField, chainId, zone, isLedgerOnly] = readRow(fields, 4, 'TLD')
  const label = readLabel(labelField)
  const known = ownTld(own, label, account)
  writeTld(own, label, {
    ...known,
    chainId: chainId === null ? undefined : readHash(chainId, 'chain id'),
    zone: zone === null ? undefined : settingsFromValue(zone),
    isLedgerOnly: readBoolean(isLedgerOnly, 'ledger only'),
    changed: block.height,
  })
}

function handOver({ account, own, all, fields, block }: Call): void {
  const [labelField, registryField] = readRow(fields, 2, 'hand over')
  const label = readLabel(labelField)
  const registry = readHash(registryField, 'registry')
  const known = ownTld(own, label, account)
  checkRegistry(all, registry)
  writeTld(own, label, { ...known, registry, changed: block.height })
}

function checkRegistry(all: StateReader, registry: Uint8Array): void {
  if (networkNodeOf(all, registry)?.role !== 'registry') refuse(ResultCode.NOT_ALLOWED, 'not a registry')
}

function ownTld(own: StateReader, label: Uint8Array, account: Uint8Array): TldRecord {
  const known = readTld(own, label)
  return known !== undefined && equalBytes(known.registry, account)
    ? known
    : refuse(ResultCode.NOT_ALLOWED, 'not its TLD')
}

function readTld(own: StateReader, label: Uint8Array): TldRecord | undefined {
  const value = own.get(tldKey(label))
  return value && decodeTld(value)
}

function writeTld(own: Draft, label: Uint8Array, { registry, chainId, zone, isLedgerOnly, changed }: TldRecord): void {
  const settings = zone === undefined ? null : settingsToValue(zone)
  own.set(tldKey(label), encodeCanonical([registry, chainId ?? null, settings, isLedgerOnly, changed]))
}

function subjectToValue(subject: TldSubject): CborValue {
  return subject.kind === 'give' ? [0, subject.label, subject.registry] : [1, subject.label]
}

function subjectFromValue(value: CborField): TldSubject {
  const kind = Array.isArray(value) ? value[0] : undefined
  if (kind === 0) {
    const [, label, registry] = readRow(value, 3, 'subject')
    return { kind: 'give', label: readLabel(label), registry: readHash(registry, 'registry') }
  }
  if (kind !== 1) refuse(ResultCode.MALFORMED, 'subject')
  const [, label] = readRow(value, 2, 'subject')
  return { kind: 'take', label: readLabel(label) }
}

function readLabel(value: CborField): Uint8Array {
  const label = readBytes(value, 1, 63, 'label')
  return isNameLabel(label) ? label : refuse(ResultCode.MALFORMED, 'label')
}

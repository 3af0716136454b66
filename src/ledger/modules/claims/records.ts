/** Claims in the state: those that are open, with who has seen what; those that are over, for a while; and how each name was claimed. */
import { concatBytes, equalBytes } from '../../../base/index.ts'
import { ResultCode } from '../../../chain/index.ts'
import { type CborField, encodeCanonical, sha256 } from '../../../crypto/index.ts'
import { limits as ledgerLimits } from '../../limits.ts'
import { ledgerReader, malformed, refuse } from '../../refusal.ts'
import type { Draft, StateReader } from '../../types.ts'
import { keyFromValue, keyToValue, type NameSettings, settingsFromValue, settingsToValue } from '../names/settings.ts'
import { CLAIM_METHODS, CLAIM_STATES, type ClaimMethod, type ClaimState } from './kinds.ts'
import { limits } from './limits.ts'

const { readCbor, readRow, readList, readInteger, readBytes, readHash } = ledgerReader

/** What a validator said, by its place in the list. */
export const Said = { NOTHING: 0, SEEN: 1, NOT_SEEN: 2 } as const

export interface OpenClaim {
  readonly label: Uint8Array
  readonly owner: Uint8Array
  readonly settings: NameSettings
  readonly method: ClaimMethod
  readonly payer: Uint8Array
  /** What is held: the price of the first term, and the bond. */
  readonly price: number
  readonly bond: number
  readonly height: number
  /** Unix ms: after that it lapses. */
  readonly until: number
  /** For the method `web`. */
  readonly challenge: Uint8Array
  /** Ids of those who validated when it was opened: more than half of them have to see it. */
  readonly observers: readonly Uint8Array[]
  /** One byte each: `Said`. */
  readonly said: Uint8Array
}

/** What is left of a claim that is over. */
export interface ClosedClaim extends Pick<OpenClaim, 'label' | 'owner' | 'method' | 'height'> {
  readonly state: ClaimState
  /** Of the block in which it ended. */
  readonly ended: number
  readonly seen: number
  readonly notSeen: number
  readonly observers: number
}

/** How a name came to its owner. */
export interface ClaimedName {
  readonly method: ClaimMethod
  readonly height: number
  /** Of the record then: what came later is not by this claim. */
  readonly generation: number
  /** Of the proof's last signature, unix seconds; 0: it was observed. */
  readonly inception: number
}

const NEXT_KEY = Uint8Array.of(3)
const OPEN_KEY = Uint8Array.of(5)
const KEPT_KEY = Uint8Array.of(7)
const claimKey = (number: number) => {
  const key = Uint8Array.of(4, 0, 0, 0, 0)
  new DataView(key.buffer).setUint32(1, number)
  return key
}
const lastKey = (label: Uint8Array, owner: Uint8Array) =>
  concatBytes(Uint8Array.of(6), sha256(encodeCanonical([label, owner])))
const nameKey = (label: Uint8Array) => concatBytes(Uint8Array.of(8), label)

/** Under which keys of the module's part a reader finds a claim, the last one of an owner, and how a name was claimed. */
export const claimKeys = { claim: claimKey, last: lastKey, name: nameKey, open: OPEN_KEY }

/** Gives a claim its number. Refuses QUOTA. */
export function addClaim(own: Draft, claim: Omit<OpenClaim, 'challenge'>, challenge: (number: number) => Uint8Array) {
  const open = openNumbers(own)
  if (open.length >= limits.MAX_OPEN) refuse(ResultCode.QUOTA, 'open claims')
  const isOfPayer = (number: number) => equalBytes(readOpen(own, number)?.payer ?? new Uint8Array(), claim.payer)
  if (open.filter(isOfPayer).length >= limits.MAX_OPEN_EACH) refuse(ResultCode.QUOTA, 'open claims of this account')
  const value = own.get(NEXT_KEY)
  const next = value === undefined ? 1 : readInteger(readCbor(value, 16, 'number'), 1, limits.MAX_CLAIMS, 'number')
  own.set(NEXT_KEY, encodeCanonical(next + 1))
  own.set(OPEN_KEY, encodeCanonical([...open, next]))
  own.set(lastKey(claim.label, claim.owner), encodeCanonical(next))
  writeOpen(own, next, { ...claim, challenge: challenge(next) })
  return next
}

export function openNumbers(own: StateReader): readonly number[] {
  return numbersAt(own, OPEN_KEY, limits.MAX_OPEN)
}

export function readOpen(own: StateReader, number: number): OpenClaim | undefined {
  const value = own.get(claimKey(number))
  const found = value && claimFromBytes(value)
  return found === undefined || 'state' in found ? undefined : found
}

export function writeOpen(own: Draft, number: number, claim: OpenClaim): void {
  const { label, owner, settings, method, payer, price, bond, height, until, challenge, observers, said } = claim
  const what = [label, keyToValue(owner), CLAIM_METHODS.indexOf(method), height]
  const rest = [settingsToValue(settings), payer, price, bond, until, challenge, [...observers], said]
  own.set(claimKey(number), encodeCanonical([0, what, rest]))
}

/** A claim is over: what is left of it is kept for a while. */
export function closeClaim(own: Draft, number: number, claim: OpenClaim, state: ClaimState, ended: number): void {
  const { label, owner, method, height, observers, said } = claim
  const what = [label, keyToValue(owner), CLAIM_METHODS.indexOf(method), height]
  const rest = [ended, countOf(said, Said.SEEN), countOf(said, Said.NOT_SEEN), observers.length]
  own.set(claimKey(number), encodeCanonical([CLAIM_STATES.indexOf(state), what, rest]))
  own.set(OPEN_KEY, encodeCanonical(openNumbers(own).filter((one) => one !== number)))
  const kept = [...numbersAt(own, KEPT_KEY, limits.KEPT_CLAIMS), number]
  for (const old of kept.splice(0, Math.max(0, kept.length - limits.KEPT_CLAIMS))) forget(own, old)
  own.set(KEPT_KEY, encodeCanonical(kept))
}

function forget(own: Draft, number: number): void {
  const value = own.get(claimKey(number))
  if (value === undefined) return
  const { label, owner } = claimFromBytes(value)
  own.delete(claimKey(number))
  if (numberAt(own, lastKey(label, owner)) === number) own.delete(lastKey(label, owner))
}

export function countOf(said: Uint8Array, what: number): number {
  return said.filter((one) => one === what).length
}

/** The last claim of an owner to a name; undefined: none, or one that is forgotten. */
export function lastClaim(own: StateReader, label: Uint8Array, owner: Uint8Array): number | undefined {
  return numberAt(own, lastKey(label, owner))
}

/** Throws LEDGER_MALFORMED. */
export function claimFromBytes(value: Uint8Array): OpenClaim | ClosedClaim {
  const [stateField, what, rest] = readRow(readCbor(value, limits.MAX_CLAIM_BYTES, 'claim'), 3, 'claim')
  const state = CLAIM_STATES[readInteger(stateField, 0, CLAIM_STATES.length - 1, 'state')]!
  const [label, owner, method, height] = readRow(what, 4, 'claim')
  const common = {
    label: readBytes(label, 1, 63, 'label'),
    owner: keyFromValue(owner),
    method: methodFrom(method),
    height: count(height, 'height'),
  }
  if (state === 'open') return { ...common, ...openFrom(rest) }
  const [ended, seen, notSeen, observers] = readRow(rest, 4, 'claim')
  return {
    ...common,
    state,
    ended: count(ended, 'height'),
    seen: count(seen, 'count'),
    notSeen: count(notSeen, 'count'),
    observers: count(observers, 'count'),
  }
}

function openFrom(value: CborField): Omit<OpenClaim, 'label' | 'owner' | 'method' | 'height'> {
  const [settings, payer, price, bond, until, challenge, observers, said] = readRow(value, 8, 'open claim')
  const ids = readList(observers, ledgerLimits.MAX_VALIDATORS, 'observers', (one) => readHash(one, 'observer'))
  return {
    settings: settingsFromValue(settings),
    payer: readHash(payer, 'payer'),
    price: count(price, 'price'),
    bond: count(bond, 'bond'),
    until: count(until, 'time'),
    challenge: readHash(challenge, 'challenge'),
    observers: ids,
    said: readBytes(said, ids.length, ids.length, 'said'),
  }
}

export function methodFrom(field: CborField): ClaimMethod {
  const method = CLAIM_METHODS[readInteger(field, 0, CLAIM_METHODS.length - 1, 'method')]
  if (method === undefined) throw malformed('method')
  return method
}

export function readClaimed(own: StateReader, label: Uint8Array): ClaimedName | undefined {
  const value = own.get(nameKey(label))
  return value && claimedFromBytes(value)
}

/** Throws LEDGER_MALFORMED. */
export function claimedFromBytes(value: Uint8Array): ClaimedName {
  const [method, height, generation, inception] = readRow(readCbor(value, 64, 'claimed name'), 4, 'claimed name')
  return {
    method: methodFrom(method),
    height: count(height, 'height'),
    generation: count(generation, 'generation'),
    inception: count(inception, 'inception'),
  }
}

export function writeClaimed(own: Draft, label: Uint8Array, claimed: ClaimedName): void {
  const { method, height, generation, inception } = claimed
  own.set(nameKey(label), encodeCanonical([CLAIM_METHODS.indexOf(method), height, generation, inception]))
}

function numbersAt(own: StateReader, key: Uint8Array, most: number): readonly number[] {
  const value = own.get(key)
  if (value === undefined) return []
  return readList(readCbor(value, ledgerLimits.MAX_VALUE_BYTES, 'claims'), most, 'claims', (one) =>
    readInteger(one, 1, limits.MAX_CLAIMS, 'claim'),
  )
}

function numberAt(own: StateReader, key: Uint8Array): number | undefined {
  const value = own.get(key)
  return value && readInteger(readCbor(value, 16, 'number'), 1, limits.MAX_CLAIMS, 'number')
}

function count(field: CborField, what: string): number {
  return readInteger(field, 0, ledgerLimits.MAX_AMOUNT, what)
}

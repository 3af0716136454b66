/** Motions in the state: what is put to the vote, until when, and who said what. More than half of all members win one, not of those who answered. */
import { concatBytes, equalBytes } from '../../../base/index.ts'
import { ResultCode } from '../../../chain/index.ts'
import { type CborField, encodeCanonical } from '../../../crypto/index.ts'
import { limits as ledgerLimits } from '../../limits.ts'
import { ledgerReader, refuse } from '../../refusal.ts'
import type { Electorate, Voice } from '../../tally.ts'
import type { Draft, StateReader } from '../../types.ts'
import { MOTION_STATES, type MotionState } from './kinds.ts'
import { limits } from './limits.ts'
import { type MotionSubject, subjectFromValue, subjectToValue } from './subjects.ts'

const { readCbor, readRow, readList, readInteger, readHash } = ledgerReader

export interface Motion {
  readonly number: number
  readonly subject: MotionSubject
  /** Account; undefined: so many complaints. */
  readonly by: Uint8Array | undefined
  readonly height: number
  /** Unix ms of block time. */
  readonly until: number
  readonly state: MotionState
  /** Height at which it was closed; 0: it is open. */
  readonly closed: number
}

const BOOK_KEY = Uint8Array.of(2)
const motionKey = (number: number) => concatBytes(Uint8Array.of(3), u32(number))
const voicesKey = (inFavour: boolean, number: number) => concatBytes(Uint8Array.of(inFavour ? 10 : 11), u32(number))

interface Book {
  /** The number of the next motion. */
  readonly next: number
  readonly open: readonly { readonly number: number; readonly until: number }[]
}

export function readMotion(own: StateReader, number: number): Motion | undefined {
  const value = own.get(motionKey(number))
  if (value === undefined) return undefined
  const row = readRow(readCbor(value, ledgerLimits.MAX_VALUE_BYTES, 'motion'), 6, 'motion')
  const whole = (at: number, what: string) => readInteger(row[at], 0, ledgerLimits.MAX_AMOUNT, what)
  return {
    number,
    subject: subjectFromValue(row[0]),
    by: row[1] === null ? undefined : readHash(row[1], 'account'),
    height: whole(2, 'height'),
    until: whole(3, 'time'),
    state: MOTION_STATES[readInteger(row[4], 0, MOTION_STATES.length - 1, 'state')]!,
    closed: whole(5, 'height'),
  }
}

/** Numbers of the open ones, and of those that are kept after their end. */
export function motionNumbers(own: StateReader): { readonly open: readonly number[]; readonly next: number } {
  const { next, open } = readBook(own)
  return { next, open: open.map(({ number }) => number) }
}

/** Refuses what is open already, and more than there is room for. */
export function openMotion(
  own: Draft,
  { subject, by, height, until }: Pick<Motion, 'subject' | 'by' | 'height' | 'until'>,
  most: number,
): number {
  const { next, open } = readBook(own)
  const all = open.map(({ number }) => readMotion(own, number)!)
  if (all.some((one) => isSameMatter(one.subject, subject))) refuse(ResultCode.TAKEN, 'open already')
  const ofThem = all.filter((one) => (by === undefined ? one.by === undefined : one.by && equalBytes(one.by, by)))
  if (open.length >= limits.MAX_OPEN || ofThem.length >= most) refuse(ResultCode.QUOTA, 'motions')
  writeBook(own, { next: next + 1, open: [...open, { number: next, until }] })
  writeMotion(own, { number: next, subject, by, height, until, state: 'open', closed: 0 })
  forget(own, next - limits.KEPT_MOTIONS)
  return next
}

/** Who stands for a motion, or against it. */
export function voicesOf(own: StateReader, number: number, inFavour: boolean): readonly Voice[] {
  const value = own.get(voicesKey(inFavour, number))
  if (value === undefined) return []
  return readList(readCbor(value, ledgerLimits.MAX_VALUE_BYTES, 'voices'), ledgerLimits.MAX_NODES, 'voices', voiceFrom)
}

/** Takes a reply, in the place of an earlier one of the same member. `won`, `lost`: by more than half, or when half of all is against it. */
export function reply(
  own: Draft,
  { number, voice, inFavour }: { readonly number: number; readonly voice: Voice; readonly inFavour: boolean },
  { size, counts }: Electorate,
): 'open' | 'won' | 'lost' {
  const others = (side: boolean) =>
    voicesOf(own, number, side).filter((one) => counts(one) && !equalBytes(one.account, voice.account))
  const [yes, no] = [others(true), others(false)]
  const side = inFavour ? yes : no
  side.push(voice)
  writeVoices(own, number, true, yes)
  writeVoices(own, number, false, no)
  if (yes.length * 2 > size) return 'won'
  return no.length * 2 >= size ? 'lost' : 'open'
}

export function closeMotion(own: Draft, motion: Motion, state: MotionState, height: number): void {
  const { next, open } = readBook(own)
  writeBook(own, { next, open: open.filter(({ number }) => number !== motion.number) })
  writeMotion(own, { ...motion, state, closed: height })
  if (motion.number < next - limits.KEPT_MOTIONS) forget(own, motion.number)
}

/** Those whose term is over. */
export function overdue(own: StateReader, time: number): readonly Motion[] {
  return readBook(own).open.flatMap(({ number, until }) => (until < time ? (readMotion(own, number) ?? []) : []))
}

export function openMotions(own: StateReader): readonly Motion[] {
  return readBook(own).open.map(({ number }) => readMotion(own, number)!)
}

/** One node, one name, one set of rules: nobody opens the same by other words. */
function isSameMatter(a: MotionSubject, b: MotionSubject): boolean {
  if (a.kind !== b.kind) return false
  if ('account' in a && 'account' in b) return equalBytes(a.account, b.account)
  if ('label' in a && 'label' in b) return equalBytes(a.label, b.label)
  return true
}

function writeMotion(own: Draft, { number, subject, by, height, until, state, closed }: Motion): void {
  const row = [subjectToValue(subject), by ?? null, height, until, MOTION_STATES.indexOf(state), closed]
  own.set(motionKey(number), encodeCanonical(row))
}

function forget(own: Draft, number: number): void {
  if (number < 1 || readMotion(own, number)?.state === 'open') return
  own.delete(motionKey(number))
  for (const side of [true, false]) own.delete(voicesKey(side, number))
}

function writeVoices(own: Draft, number: number, inFavour: boolean, voices: readonly Voice[]): void {
  const key = voicesKey(inFavour, number)
  if (voices.length === 0) own.delete(key)
  else own.set(key, encodeCanonical(voices.map(({ account, since }) => [account, since])))
}

function voiceFrom(value: CborField): Voice {
  const [account, since] = readRow(value, 2, 'voice')
  return { account: readHash(account, 'account'), since: readInteger(since, 0, ledgerLimits.MAX_AMOUNT, 'since') }
}

function readBook(own: StateReader): Book {
  const value = own.get(BOOK_KEY)
  if (value === undefined) return { next: 1, open: [] }
  const [next, open] = readRow(readCbor(value, ledgerLimits.MAX_VALUE_BYTES, 'motions'), 2, 'motions')
  return {
    next: readInteger(next, 1, limits.MAX_MOTIONS, 'number'),
    open: readList(open, limits.MAX_OPEN, 'motions', (one) => {
      const [number, until] = readRow(one, 2, 'motion')
      return {
        number: readInteger(number, 1, limits.MAX_MOTIONS, 'number'),
        until: readInteger(until, 0, ledgerLimits.MAX_AMOUNT, 'time'),
      }
    }),
  }
}

function writeBook(own: Draft, { next, open }: Book): void {
  own.set(BOOK_KEY, encodeCanonical([next, open.map(({ number, until }) => [number, until])]))
}

function u32(value: number): Uint8Array {
  const out = new Uint8Array(4)
  new DataView(out.buffer).setUint32(0, value)
  return out
}

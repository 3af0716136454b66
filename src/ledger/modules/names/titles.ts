/**
 * Names that only whoever has the same elsewhere may register, where a TLD wants it so (B9): a carrier says who wishes one and where he has it, the nodes look
 * by what they follow themselves, and more than half of them say that it is so.
 */
import { concatBytes, equalBytes, fromLatin1 } from '../../../base/index.ts'
import { ResultCode } from '../../../chain/index.ts'
import { type CborField, type CborValue, encodeCanonical } from '../../../crypto/index.ts'
import { readerOf } from '../../draft.ts'
import { limits as ledgerLimits } from '../../limits.ts'
import { ledgerReader, refuse } from '../../refusal.ts'
import { castBallot, hasVoice, type TallyPlace } from '../../tally.ts'
import type { Call, Draft, StateReader } from '../../types.ts'
import { nodesElectorate, voterTerm } from '../authority/view.ts'
import { fieldsOf, labelFrom, policyFor } from './acts.ts'
import { NAMES, NameCode } from './kinds.ts'
import { keyIn, Part } from './label.ts'
import { limits } from './limits.ts'
import { type NamePolicy, tldFrom } from './policy.ts'
import { keyFromValue, keyToValue } from './settings.ts'

const { readCbor, readRow, readList, readInteger, readBoolean, readHash, readBytes } = ledgerReader
/** As many as there are wishes, of which each is open for a day. */
const TALLIES: TallyPlace = {
  keyOf: (subject) => concatBytes(Uint8Array.of(Part.RULE_TALLY, 1), subject),
  openKey: Uint8Array.of(Part.RULE_TALLIES, 1),
}
const WISHES = keyIn(Part.WISHES, new Uint8Array())
const titleKey = (label: Uint8Array) => keyIn(Part.TITLE, label)

/** Somebody who has a name in another TLD wishes the same here. */
export interface Wish {
  readonly label: Uint8Array
  readonly tld: string
  /** The key that owns it there, and is to own it here. */
  readonly owner: Uint8Array
}

interface OpenWish extends Wish {
  /** Unix ms. */
  readonly until: number
}

/** [WISH, 1, label, TLD, owner]. The one that was made first makes room when there are too many. */
export function wish(call: Call): void {
  const one = wishFrom(call, fieldsOf(call, 3))
  const open = openWishes(call.own, call.block.time)
  if (open.some((other) => isSame(other, one))) refuse(ResultCode.TAKEN, 'wished already')
  if (open.length >= limits.MAX_WISHES) refuse(ResultCode.QUOTA, 'wishes')
  writeWishes(call.own, [...open, { ...one, until: call.block.time + limits.WISH_MS }])
}

/** [TITLE, 1, label, TLD, owner, in favour]: by a node, of a wish that is open. */
export function title(call: Call): void {
  const [label, tld, owner, inFavour] = fieldsOf(call, 4)
  const one = wishFrom(call, [label, tld, owner])
  const { account, own, all, block } = call
  const since = voterTerm(all, account) ?? refuse(ResultCode.NOT_ALLOWED, 'no vote')
  const open = openWishes(own, block.time)
  if (!open.some((other) => isSame(other, one))) refuse(NameCode.NOT_NOW, 'nobody wishes it')
  const voice = { account, since }
  const ballot = { voice, inFavour: readBoolean(inFavour, 'in favour'), subject: subjectOf(one), time: block.time }
  if (!castBallot(own, TALLIES, ballot, nodesElectorate(all))) return
  writeWishes(
    own,
    open.filter((other) => !isSame(other, one)),
  )
  own.set(titleKey(one.label), encodeCanonical([one.owner, block.time + limits.TITLE_MS]))
}

/** Refuses an owner of whom it is not known that he has the same name elsewhere, where that is wanted. */
export function checkTitle(
  own: StateReader,
  label: Uint8Array,
  owner: Uint8Array,
  { elsewhere }: NamePolicy,
  now: number,
): void {
  if (elsewhere === undefined) return
  const value = own.get(titleKey(label))
  const [holder, until] = value === undefined ? [] : readRow(readCbor(value, 64, 'title'), 2, 'title')
  const isHis = holder !== undefined && equalBytes(readHash(holder, 'owner'), owner)
  if (!isHis || readInteger(until, 0, ledgerLimits.MAX_AMOUNT, 'time') < now)
    refuse(NameCode.KEPT, `for whoever has it in ${elsewhere.join(', ')}`)
}

export interface WishQuestion {
  readonly account: Uint8Array
  /** Unix ms. */
  readonly time: number
}

/** What a node has still to look at; nothing for one that has no vote. */
export function wishQuestion(state: StateReader, { account, time }: WishQuestion): readonly Wish[] {
  if (voterTerm(state, account) === undefined) return []
  const own = readerOf(state, NAMES)
  return openWishes(own, time).filter((one) => !hasVoice(own, TALLIES, { subject: subjectOf(one), account, time }))
}

function wishFrom(call: Call, [name, tldField, key]: readonly CborField[]): Wish {
  const { elsewhere = [] } = policyFor(call)
  const label = labelFrom(call, name)
  const tld = tldFrom(tldField)
  if (!elsewhere.includes(tld)) refuse(ResultCode.NOT_ALLOWED, 'no such TLD')
  return { label, tld, owner: keyFromValue(key) }
}

function subjectOf({ label, tld, owner }: Wish): CborValue {
  return [label, fromLatin1(tld), owner]
}

function isSame(a: Wish, b: Wish): boolean {
  return a.tld === b.tld && equalBytes(a.label, b.label) && equalBytes(a.owner, b.owner)
}

function openWishes(own: StateReader, now: number): readonly OpenWish[] {
  const value = own.get(WISHES)
  if (value === undefined) return []
  const all = readList(readCbor(value, ledgerLimits.MAX_VALUE_BYTES, 'wishes'), limits.MAX_WISHES, 'wishes', (one) => {
    const [label, tld, owner, until] = readRow(one, 4, 'wish')
    return {
      label: readBytes(label, 1, 63, 'label'),
      tld: tldFrom(tld),
      owner: keyFromValue(owner),
      until: readInteger(until, 0, ledgerLimits.MAX_AMOUNT, 'time'),
    }
  })
  return all.filter(({ until }) => until > now)
}

function writeWishes(own: Draft, wishes: readonly OpenWish[]): void {
  if (wishes.length === 0) own.delete(WISHES)
  else
    own.set(
      WISHES,
      encodeCanonical(wishes.map(({ label, tld, owner, until }) => [label, fromLatin1(tld), keyToValue(owner), until])),
    )
}

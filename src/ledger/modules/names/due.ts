/** Which names time changes, and when: a heap in the state with one place for each name, so that the end of a block finds the next ones at once. */
import { encodeCanonical } from '../../../crypto/index.ts'
import { limits as ledgerLimits } from '../../limits.ts'
import { ledgerReader } from '../../refusal.ts'
import type { Draft, StateReader } from '../../types.ts'
import { keyIn, Part } from './label.ts'
import { limits } from './limits.ts'

const { readCbor, readRow, readInteger, readBytes } = ledgerReader
const COUNT = keyIn(Part.DUE_COUNT, new Uint8Array())

interface Entry {
  /** Unix ms. */
  readonly at: number
  readonly label: Uint8Array
}

/** Puts the time of a name in place of the one before; undefined: time changes it no more. */
export function schedule(own: Draft, label: Uint8Array, at: number | undefined): void {
  const place = placeOf(own, label)
  if (at === undefined) {
    if (place !== undefined) remove(own, place)
    return
  }
  const entry = { at, label }
  if (place === undefined) {
    const count = countOf(own)
    own.set(COUNT, encodeCanonical(count + 1))
    rise(own, entry, count)
  } else if (entryAt(own, place).at !== at) settle(own, entry, place)
}

/** The names whose time has come, with the earliest first, each out of the heap; at most so many as one block settles. */
export function takeDue(own: Draft, now: number): readonly Uint8Array[] {
  const labels: Uint8Array[] = []
  while (labels.length < limits.SETTLED_A_BLOCK && countOf(own) > 0) {
    const { at, label } = entryAt(own, 0)
    if (at > now) break
    remove(own, 0)
    labels.push(label)
  }
  return labels
}

/** Names that time will change, which are all that somebody has: those of one turn, all of them in as many turns as it takes. */
export function labelsWaiting(own: StateReader, turn: number, most: number): readonly Uint8Array[] {
  const count = countOf(own)
  const turns = Math.max(1, Math.ceil(count / most))
  const from = (turn % turns) * most
  return Array.from({ length: Math.max(0, Math.min(most, count - from)) }, (_, i) => entryAt(own, from + i).label)
}

function remove(own: Draft, place: number): void {
  own.delete(keyIn(Part.DUE_PLACE, entryAt(own, place).label))
  const last = countOf(own) - 1
  const moved = entryAt(own, last)
  own.delete(entryKey(last))
  if (last === 0) own.delete(COUNT)
  else own.set(COUNT, encodeCanonical(last))
  if (place < last) settle(own, moved, place)
}

/** The entry has its place up or down from here. */
function settle(own: Draft, entry: Entry, place: number): void {
  const parent = place === 0 ? undefined : entryAt(own, (place - 1) >> 1)
  if (parent !== undefined && entry.at < parent.at) rise(own, entry, place)
  else sink(own, entry, place)
}

function rise(own: Draft, entry: Entry, from: number): void {
  let place = from
  while (place > 0) {
    const above = (place - 1) >> 1
    const parent = entryAt(own, above)
    if (parent.at <= entry.at) break
    put(own, parent, place)
    place = above
  }
  put(own, entry, place)
}

function sink(own: Draft, entry: Entry, from: number): void {
  const count = countOf(own)
  let place = from
  for (let below = 2 * place + 1; below < count; below = 2 * place + 1) {
    const [left, right] = [entryAt(own, below), below + 1 < count ? entryAt(own, below + 1) : undefined]
    const isRight = right !== undefined && right.at < left.at
    const child = isRight ? right : left
    if (entry.at <= child.at) break
    put(own, child, place)
    place = below + (isRight ? 1 : 0)
  }
  put(own, entry, place)
}

function put(own: Draft, { at, label }: Entry, place: number): void {
  own.set(entryKey(place), encodeCanonical([at, label]))
  own.set(keyIn(Part.DUE_PLACE, label), encodeCanonical(place))
}

function entryAt(own: StateReader, place: number): Entry {
  const [at, label] = readRow(readCbor(own.get(entryKey(place))!, 96, 'due'), 2, 'due')
  return { at: readInteger(at, 0, ledgerLimits.MAX_AMOUNT, 'time'), label: readBytes(label, 1, 63, 'label') }
}

function placeOf(own: StateReader, label: Uint8Array): number | undefined {
  return readCount(own.get(keyIn(Part.DUE_PLACE, label)))
}

function countOf(own: StateReader): number {
  return readCount(own.get(COUNT)) ?? 0
}

function readCount(value: Uint8Array | undefined): number | undefined {
  return value && readInteger(readCbor(value, 16, 'count'), 0, 0xffff_ffff, 'count')
}

function entryKey(place: number): Uint8Array {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, place)
  return keyIn(Part.DUE, bytes)
}

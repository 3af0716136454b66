/**
 * All pages of kept names, as whoever founds a TLD makes them, and their file: so laid out that one page and its path are read from it without the
 * rest (docs/protocol.md, *Kept names in pages*).
 */
import { fromLatin1 } from '../../base/index.ts'
import { MerkleHashes } from '../../chain/index.ts'
import { sha256, signedBytes } from '../../crypto/index.ts'
import { limits } from '../limits.ts'
import { encodePage, type KeptRoot, placeOfLabel } from '../modules/names/kept-pages.ts'
import { isNameLabel } from '../modules/names/label.ts'
import { limits as nameLimits } from '../modules/names/limits.ts'
import { badGenesis } from '../refusal.ts'

const MAGIC = fromLatin1('chordns/kept-names/1')
const HASH_BYTES = 32
/** Head of a list in CBOR, as long as it may be for a page. */
const LIST_HEAD_BYTES = 3

/** Magic, bits, names, seed, root. */
export const KEPT_HEADER_BYTES = MAGIC.length + 1 + 4 + 2 * HASH_BYTES

export interface KeptBook {
  readonly root: KeptRoot
  readonly pages: readonly Uint8Array[]
  readonly hashes: MerkleHashes
}

/**
 * In as few pages as the bounds allow. The seed is the hash of all the names: who makes names up before it is known cannot choose their page, and whoever
 * has the same names comes to the same root. Throws LEDGER_GENESIS: no name, a name that no chain has, or too many.
 */
export function makeKeptBook(names: Iterable<string>): KeptBook {
  const labels = [...new Set(names)].sort()
  if (labels.length === 0) throw badGenesis('no kept name')
  if (labels.length > limits.MAX_IMPORTED_NAMES) throw badGenesis(`more than ${limits.MAX_IMPORTED_NAMES} kept names`)
  const wrong = labels.find((label) => !isNameLabel(fromLatin1(label)))
  if (wrong !== undefined) throw badGenesis(`a kept name that no chain has: ${JSON.stringify(wrong.slice(0, 63))}`)
  const seed = sha256(signedBytes('chordns/kept-seed/1', fromLatin1(labels.join('\n'))))
  const places = Uint32Array.from(labels, (label) => placeOfLabel(seed, fromLatin1(label)))
  const bits = bitsFor(labels, places)
  const pages = pagesOf(labels, places, bits)
  const hashes = MerkleHashes.of(pages)
  return { root: { bits, names: labels.length, seed, root: hashes.root() }, pages, hashes }
}

/** The fewest with which the fullest page fits. Throws LEDGER_GENESIS. */
function bitsFor(labels: readonly string[], places: Uint32Array): number {
  for (let bits = 0; bits <= nameLimits.MAX_KEPT_BITS; bits++) {
    const bytes = new Uint32Array(2 ** bits)
    let fullest = 0
    for (let at = 0; at < labels.length; at++) {
      const { length } = labels[at]!
      const page = bits === 0 ? 0 : places[at]! >>> (32 - bits)
      bytes[page]! += length + (length < 24 ? 1 : 2)
      fullest = Math.max(fullest, bytes[page]!)
    }
    if (fullest + LIST_HEAD_BYTES <= nameLimits.MAX_PAGE_BYTES) return bits
  }
  throw badGenesis(`too many kept names for 2^${nameLimits.MAX_KEPT_BITS} pages`)
}

function pagesOf(labels: readonly string[], places: Uint32Array, bits: number): Uint8Array[] {
  const lists: Uint8Array[][] = Array.from({ length: 2 ** bits }, () => [])
  // Labels come ascending, so those of a page do.
  for (const [at, label] of labels.entries())
    lists[bits === 0 ? 0 : places[at]! >>> (32 - bits)]!.push(fromLatin1(label))
  return lists.map(encodePage)
}

/** The bytes of the file, one part after the other. */
export function* keptFileParts({ root, pages, hashes }: KeptBook): Iterable<Uint8Array> {
  const header = new Uint8Array(KEPT_HEADER_BYTES)
  const view = new DataView(header.buffer)
  header.set(MAGIC)
  header[MAGIC.length] = root.bits
  view.setUint32(MAGIC.length + 1, root.names)
  header.set(root.seed, MAGIC.length + 5)
  header.set(root.root, MAGIC.length + 5 + HASH_BYTES)
  yield header
  const ends = new Uint8Array(4 * (pages.length + 1))
  const endsView = new DataView(ends.buffer)
  let end = 0
  for (const [at, page] of pages.entries()) {
    end += page.length
    endsView.setUint32(4 * (at + 1), end)
  }
  yield ends
  yield hashes.bytes
  yield* pages
}

/** Where things stand in such a file, in bytes from its beginning. */
export interface KeptFileLayout {
  readonly root: KeptRoot
  /** Eight bytes: where a page begins and where it ends, counted from `pagesAt`. */
  readonly endsAt: (page: number) => number
  /** Of the hashes that lead from a page to the root, lowest first. */
  readonly pathAt: (page: number) => readonly number[]
  readonly pagesAt: number
}

/** Of its first `KEPT_HEADER_BYTES`; undefined: it is no file of kept names. What else is in it is not known to be true. */
export function keptFileLayout(header: Uint8Array): KeptFileLayout | undefined {
  if (header.length < KEPT_HEADER_BYTES || !MAGIC.every((byte, at) => header[at] === byte)) return undefined
  const bits = header[MAGIC.length]!
  const names = new DataView(header.buffer, header.byteOffset).getUint32(MAGIC.length + 1)
  if (bits > nameLimits.MAX_KEPT_BITS || names === 0 || names > nameLimits.MAX_PAGED_NAMES) return undefined
  const seed = header.slice(MAGIC.length + 5, MAGIC.length + 5 + HASH_BYTES)
  const root = header.slice(MAGIC.length + 5 + HASH_BYTES, KEPT_HEADER_BYTES)
  const hashesAt = KEPT_HEADER_BYTES + 4 * (2 ** bits + 1)
  return {
    root: { bits, names, seed, root },
    endsAt: (page) => KEPT_HEADER_BYTES + 4 * page,
    pathAt: (page) => siblings(page, bits).map((place) => hashesAt + place * HASH_BYTES),
    pagesAt: hashesAt + (2 ** (bits + 1) - 1) * HASH_BYTES,
  }
}

/** Of a whole tree of 2^bits leaves, level by level: the places of the hashes beside the way up. */
function siblings(leaf: number, bits: number): readonly number[] {
  return Array.from({ length: bits }, (_, level) => {
    const start = 2 ** (bits + 1) - 2 ** (bits + 1 - level)
    return start + ((leaf >>> level) ^ 1)
  })
}

/** What a registration shows of a label. */
export function shownOf({ root: { bits }, pages, hashes }: KeptBook, page: number) {
  const at = (place: number) => hashes.bytes.slice(place * HASH_BYTES, (place + 1) * HASH_BYTES)
  return { page: pages[page]!, path: siblings(page, bits).map(at) }
}

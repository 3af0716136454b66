/**
 * Names that are kept for claimants in any number: the state has one Merkle root over pages, and whoever registers a name that nobody has had shows the page on which it
 * would stand, with its path. On which page a label stands its hash says, so that there is one answer for each label, whoever made the pages.
 */
import { compareBytes, equalBytes } from '../../../base/index.ts'
import { verifyMerkleProof } from '../../../chain/index.ts'
import { type CborField, type CborValue, encodeCanonical, sha256, signedBytes } from '../../../crypto/index.ts'
import { moduleKey } from '../../draft.ts'
import { limits as ledgerLimits } from '../../limits.ts'
import { ledgerReader, malformed } from '../../refusal.ts'
import type { Draft, StateReader } from '../../types.ts'
import { NAMES } from './kinds.ts'
import { isNameLabel, keyIn, Part } from './label.ts'
import { limits } from './limits.ts'

const { readCbor, readRow, readList, readInteger, readBytes, readHash } = ledgerReader
const ROOT = keyIn(Part.KEPT_ROOT, new Uint8Array())

/** Under which key of a chain's state the root stands. */
export const keptRootStateKey = moduleKey(NAMES, ROOT)

export interface KeptRoot {
  /** There are 2^bits pages. */
  readonly bits: number
  /** On all of them: for people, nothing hangs on it. */
  readonly names: number
  /** 32 bytes that nobody knew when the names were made, so that nobody could choose the page of one. */
  readonly seed: Uint8Array
  /** RFC 6962, over the pages in their order. */
  readonly root: Uint8Array
}

/** One page as a registration shows it. */
export interface ShownPage {
  readonly page: Uint8Array
  /** Hashes beside the way to the root, lowest first: as many as the root has bits. */
  readonly path: readonly Uint8Array[]
}

/** What a page says of a label; `unproven`: it is not the label's page under that root. */
export type KeptVerdict = 'kept' | 'free' | 'unproven'

/** [bits, names, seed, root]. */
export function keptRootToValue({ bits, names, seed, root }: KeptRoot): CborValue {
  return [bits, names, seed, root]
}

/** Throws LEDGER_MALFORMED. */
export function keptRootFromValue(value: CborField): KeptRoot {
  const [bits, names, seed, root] = readRow(value, 4, 'root of kept names')
  return {
    bits: readInteger(bits, 0, limits.MAX_KEPT_BITS, 'bits'),
    names: readInteger(names, 1, limits.MAX_PAGED_NAMES, 'kept names'),
    seed: readHash(seed, 'seed'),
    root: readHash(root, 'root'),
  }
}

/** Throws LEDGER_MALFORMED. */
export function keptRootFromBytes(value: Uint8Array): KeptRoot {
  return keptRootFromValue(readCbor(value, ledgerLimits.MAX_KEY_BYTES, 'root of kept names'))
}

/** Undefined: this chain has none, or has ended it. */
export function keptRootOf(own: StateReader): KeptRoot | undefined {
  const value = own.get(ROOT)
  return value && keptRootFromBytes(value)
}

/** Undefined: from now on all names are free that were kept by pages. */
export function writeKeptRoot(own: Draft, root: KeptRoot | undefined): void {
  if (root === undefined) own.delete(ROOT)
  else own.set(ROOT, encodeCanonical(keptRootToValue(root)))
}

/** The number of the page that a label stands on, if it is kept. */
export function pageOf({ bits, seed }: Pick<KeptRoot, 'bits' | 'seed'>, label: Uint8Array): number {
  return bits === 0 ? 0 : placeOfLabel(seed, label) >>> (32 - bits)
}

/** The first 32 bits of the hash of a label, of which pages take the first ones. */
export function placeOfLabel(seed: Uint8Array, label: Uint8Array): number {
  const hashed = new Uint8Array(seed.length + label.length)
  hashed.set(seed)
  hashed.set(label, seed.length)
  const hash = sha256(signedBytes('chordns/kept-name/1', hashed))
  return new DataView(hash.buffer, hash.byteOffset).getUint32(0)
}

/** Labels, ascending. */
export function encodePage(labels: readonly Uint8Array[]): Uint8Array {
  return encodeCanonical([...labels])
}

/** Throws LEDGER_MALFORMED: there is one form only of the same names. */
export function decodePage(page: Uint8Array): readonly Uint8Array[] {
  const labels = readList(readCbor(page, limits.MAX_PAGE_BYTES, 'page'), limits.MAX_PAGE_BYTES, 'page', (one) => {
    const label = readBytes(one, 1, 63, 'label')
    if (!isNameLabel(label)) throw malformed('label')
    return label
  })
  if (!labels.every((one, at) => at === 0 || compareBytes(labels[at - 1]!, one) < 0)) throw malformed('page')
  return labels
}

/** [page, [hash, ...]], as it stands in a payload. */
export function shownToValue({ page, path }: ShownPage): CborValue {
  return [page, [...path]]
}

/** Throws LEDGER_MALFORMED. */
export function shownFromValue(value: CborField): ShownPage {
  const [page, path] = readRow(value, 2, 'page of kept names')
  return {
    page: readBytes(page, 1, limits.MAX_PAGE_BYTES, 'page'),
    path: readList(path, limits.MAX_KEPT_BITS, 'path', (one) => readHash(one, 'path')),
  }
}

/**
 * The path is checked before anything of the page is read, so that only what the chain began with is ever parsed. A page that is under the root
 * and malformed proves nothing: its names wait for a vote, as those of a page that nobody has.
 */
export function keptVerdict(root: KeptRoot, label: Uint8Array, { page, path }: ShownPage): KeptVerdict {
  const place = pageOf(root, label)
  if (!verifyMerkleProof(root.root, page, place, 2 ** root.bits, path)) return 'unproven'
  const labels = labelsOn(page)
  if (labels === undefined) return 'unproven'
  return labels.some((one) => equalBytes(one, label)) ? 'kept' : 'free'
}

function labelsOn(page: Uint8Array): readonly Uint8Array[] | undefined {
  try {
    return decodePage(page)
  } catch {
    return undefined
  }
}

/**
 * The chains that this node knows, open or not: for which replicas, how far, and which one is the current one of a group. On
 * disk beside their blocks; in memory only these lines.
 */
import { type ChunkId, concatBytes, equalBytes, isChordnsError, type Store, toHex } from '../../base/index.ts'
import { storedBlocks, storedChains } from '../../chain/index.ts'
import { isInSection, type Section } from '../../chunks/index.ts'
import { encodeCanonical } from '../../crypto/index.ts'
import { limits } from '../limits.ts'
import {
  type ChainDescriptor,
  type ChainPlace,
  chainIdOf,
  descriptorFromValue,
  descriptorToValue,
  groupKey,
  placeFromValue,
  placeToValue,
  sectionOfGroup,
} from '../state/descriptor.ts'
import { malformed, readCbor, readInteger, readRow } from '../state/reading.ts'
import { type ChainTotals, isFull, NO_TOTALS } from '../state/state.ts'

/** One line of the book. */
export interface KnownChain {
  readonly id: string
  readonly chainId: Uint8Array
  readonly descriptor: ChainDescriptor
  readonly group: string
  /** As far as this node has decided it. */
  totals: ChainTotals
  headId: Uint8Array | undefined
  /** A quorum of the group has made a block of it, whether or not this node has it. */
  proven: boolean
  /** Why it cannot be opened any more. */
  broken: string | undefined
}

const KEY = { chain: 1, last: 2 } as const

export class ChainBook {
  readonly #store: Store
  /** Where the engine keeps blocks. */
  readonly #blocks: Store
  readonly #chains = new Map<string, KnownChain>()
  readonly #byGroup = new Map<string, Set<KnownChain>>()
  readonly #byChunk = new Map<ChunkId, Set<KnownChain>>()

  constructor(store: Store, blocks: Store) {
    this.#store = store
    this.#blocks = blocks
    for (const [key, value] of store.range(Uint8Array.of(KEY.chain), Uint8Array.of(KEY.chain + 1))) {
      const known = readLine(key, value)
      if (known !== undefined) this.#index(known)
    }
  }

  get size(): number {
    return this.#chains.size
  }

  get bytes(): number {
    let bytes = 0
    for (const known of this.#chains.values()) bytes += bytesOf(known)
    return bytes
  }

  all(): KnownChain[] {
    return [...this.#chains.values()]
  }

  get(id: string): KnownChain | undefined {
    return this.#chains.get(id)
  }

  ofGroup(group: string): KnownChain[] {
    return [...(this.#byGroup.get(group) ?? [])]
  }

  /** Those whose section begins with the chunk. */
  ofChunk(chunk: ChunkId): KnownChain[] {
    return [...(this.#byChunk.get(chunk) ?? [])]
  }

  /**
   * The chain that a group goes on with: one that has blocks before one that has none, then the lowest id, so that all of them
   * choose the same of those they know. Full ones and those that another has followed are history.
   */
  current(group: string, now: number): KnownChain | undefined {
    const all = this.ofGroup(group)
    const followed = new Set(all.flatMap(({ descriptor: { previous } }) => (previous ? [toHex(previous.chainId)] : [])))
    return all
      .filter(({ id, totals }) => !followed.has(id) && !isFull(totals, now))
      .sort((a, b) => Number(hasBlocks(b)) - Number(hasBlocks(a)) || (a.id < b.id ? -1 : 1))[0]
  }

  /** The last block for any chunk of the section that this node knows, whoever made it: sections change with the ring. */
  last(section: Section): ChainPlace | undefined {
    const latest = this.#touching(section)
      .filter(({ totals }) => totals.height > 0)
      .sort((a, b) => b.totals.last - a.totals.last || (a.id < b.id ? -1 : 1))[0]
    if (latest !== undefined) return placeOf(latest)
    const value = this.#store.get(lastKey(section.first))
    return value === undefined ? undefined : placeFromValue(readCbor(value, 256, 'last block'))
  }

  /** Undefined when there are too many. Throws STORE_*: then it is not known. */
  add(descriptor: ChainDescriptor): KnownChain | undefined {
    const chainId = chainIdOf(descriptor)
    const id = toHex(chainId)
    const known = this.#chains.get(id)
    if (known !== undefined) return known
    if (this.#chains.size >= limits.MAX_KNOWN) return undefined
    const fresh: KnownChain = {
      id,
      chainId,
      descriptor,
      group: groupKey(descriptor),
      totals: NO_TOTALS,
      headId: undefined,
      proven: false,
      broken: undefined,
    }
    // First the line: blocks whose line was not written would be nobody's.
    this.#write(fresh)
    this.#index(fresh)
    return fresh
  }

  /** A block was decided; or all were lost. */
  advance(known: KnownChain, totals: ChainTotals, headId: Uint8Array | undefined): void {
    known.totals = totals
    known.headId = headId
    this.#write(known)
  }

  /** What the engine has stored beyond this line, after a crash between the two. */
  isBehind(known: KnownChain): boolean {
    for (const _ of storedBlocks(known.chainId, this.#blocks, known.totals.height + 1)) return true
    return false
  }

  /**
   * The line goes; where the chain ended stays known, as the beginning of whatever comes next. Its blocks are to go afterwards. Throws
   * STORE_*: then nothing has changed.
   */
  remove(known: KnownChain): void {
    const place = placeOf(known)
    const last = this.last(sectionOfGroup(known.descriptor))
    const isLast = place !== undefined && equalBytes(last?.headId ?? NOTHING, place.headId)
    const writes = [{ kind: 'delete', key: lineKey(known.chainId) } as const]
    const value = place && encodeCanonical(placeToValue(place))
    const kept = isLast && value ? [{ kind: 'put', key: lastKey(known.descriptor.chunk), value } as const] : []
    this.#store.batch([...writes, ...kept], { durable: false })
    this.#chains.delete(known.id)
    this.#byGroup.get(known.group)?.delete(known)
    if (this.#byGroup.get(known.group)?.size === 0) this.#byGroup.delete(known.group)
    this.#byChunk.get(known.descriptor.chunk)?.delete(known)
  }

  /**
   * Chains with blocks and without a line: the disk failed between the two. A line that is there and cannot be read may be one of a
   * later version, and its blocks stay.
   */
  *strays(): Generator<Uint8Array> {
    for (const chainId of storedChains(this.#blocks))
      if (!this.#chains.has(toHex(chainId)) && this.#store.get(lineKey(chainId)) === undefined) yield chainId
  }

  /** Sections lie within each other, or apart. */
  #touching(section: Section): KnownChain[] {
    return this.all().filter(({ descriptor }) => {
      const other = sectionOfGroup(descriptor)
      return isInSection(section.first, other) || isInSection(other.first, section)
    })
  }

  #index(known: KnownChain): void {
    this.#chains.set(known.id, known)
    put(this.#byGroup, known.group, known)
    put(this.#byChunk, known.descriptor.chunk, known)
  }

  #write({ chainId, descriptor, totals, headId }: KnownChain): void {
    const { height, first, last, bytes } = totals
    const value = encodeCanonical([1, descriptorToValue(descriptor), [height, first, last, bytes], headId ?? null])
    this.#store.batch([{ kind: 'put', key: lineKey(chainId), value }], { durable: false })
  }
}

const NOTHING = new Uint8Array()

export function hasBlocks({ totals, proven }: KnownChain): boolean {
  return proven || totals.height > 0
}

/** All that is on disk of a chain, about. */
export function bytesOf({ totals }: KnownChain): number {
  return totals.bytes + totals.height * limits.BLOCK_OVERHEAD_BYTES
}

export function placeOf({ chainId, totals, headId }: KnownChain): ChainPlace | undefined {
  return headId === undefined ? undefined : { chainId, height: totals.height, headId }
}

function put<K>(index: Map<K, Set<KnownChain>>, key: K, known: KnownChain): void {
  const set = index.get(key)
  if (set === undefined) index.set(key, new Set([known]))
  else set.add(known)
}

function lineKey(chainId: Uint8Array): Uint8Array {
  return concatBytes(Uint8Array.of(KEY.chain), chainId)
}

function lastKey(chunk: ChunkId): Uint8Array {
  return Uint8Array.of(KEY.last, chunk >>> 16, (chunk >>> 8) & 0xff, chunk & 0xff)
}

/** Undefined for a line of another version, or one that names another chain than its own. */
function readLine(key: Uint8Array, value: Uint8Array): KnownChain | undefined {
  try {
    const [version, written, totals, head] = readRow(readCbor(value, 16_384, 'chain'), 4, 'chain')
    if (version !== 1) return undefined
    const descriptor = descriptorFromValue(written)
    const chainId = chainIdOf(descriptor)
    if (!equalBytes(lineKey(chainId), key)) throw malformed('a chain with another id')
    const numbers = readRow(totals, 4, 'totals').map((one) => readInteger(one, 0, Number.MAX_SAFE_INTEGER, 'total'))
    const [height, first, last, bytes] = numbers
    return {
      id: toHex(chainId),
      chainId,
      descriptor,
      group: groupKey(descriptor),
      totals: { height: height!, first: first!, last: last!, bytes: bytes! },
      headId: head instanceof Uint8Array ? head : undefined,
      proven: false,
      broken: undefined,
    }
  } catch (error) {
    if (isChordnsError(error, 'CHUNK_MALFORMED')) return undefined
    throw error
  }
}

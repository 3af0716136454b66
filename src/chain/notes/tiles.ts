/** A log as static files (C2SP tlog-tiles): 256 hashes a tile, entries in bundles of as many. Full ones never change. */
import { concatBytes } from '../../base/index.ts'
import { malformed } from '../reading.ts'
import type { HistoryHashes } from '../trees/history.ts'

export const TILE_WIDTH = 256
const TILE_LEVELS = 8
/** The format has six levels: 2^48 leaves. */
const MOST_LEVEL = 5
/** Of an entry. */
const LENGTH_BYTES = 2

/** `level`: of hashes, from 0 on; undefined: a bundle of entries. `width`: 1 to 256. */
export interface Tile {
  readonly level: number | undefined
  readonly index: number
  readonly width: number
}

/** Below `tile/`: three digits each, all but the last ones behind an x; a tile that is not full names its width. */
export function tilePath({ level, index, width }: Tile): string {
  const digits = String(index).padStart(Math.ceil(String(index).length / 3) * 3, '0')
  const groups = digits.match(/.{3}/g)!
  const number = groups.map((group, i) => (i < groups.length - 1 ? `x${group}` : group)).join('/')
  const partial = width < TILE_WIDTH ? `.p/${width}` : ''
  return `tile/${level ?? 'entries'}/${number}${partial}`
}

/** Undefined when it is no path of a tile, or not written the one way it is. */
export function parseTilePath(path: string): Tile | undefined {
  const parts = /^tile\/(entries|[0-9]{1,2})\/((?:x[0-9]{3}\/){0,4}[0-9]{3})(?:\.p\/([1-9][0-9]{0,2}))?$/.exec(path)
  if (parts === null) return undefined
  const [, level, number, width] = parts
  const tile: Tile = {
    level: level === 'entries' ? undefined : Number(level),
    index: Number(number!.replace(/[x/]/g, '')),
    width: width === undefined ? TILE_WIDTH : Number(width),
  }
  return tilePath(tile) === path && (tile.level ?? 0) <= MOST_LEVEL && tile.width <= TILE_WIDTH ? tile : undefined
}

/** All tiles that a log of this size has and one of `from` did not have, those that are not full yet among them. */
export function* newTiles(from: number, size: number): Generator<Tile> {
  yield* tilesOf(undefined, from, size)
  for (let level = 0; level <= MOST_LEVEL; level++) {
    const scale = TILE_WIDTH ** level
    if (Math.floor(size / scale) === 0) return
    yield* tilesOf(level, Math.floor(from / scale), Math.floor(size / scale))
  }
}

function* tilesOf(level: number | undefined, from: number, to: number): Generator<Tile> {
  for (let index = Math.floor(from / TILE_WIDTH); index * TILE_WIDTH < to; index++) {
    const width = Math.min(TILE_WIDTH, to - index * TILE_WIDTH)
    if (index * TILE_WIDTH + width > from) yield { level, index, width }
  }
}

/** The bytes of a tile of hashes; undefined when one of them is not kept. */
export function tileBytes(at: HistoryHashes, { level, index, width }: Tile): Uint8Array | undefined {
  const hashes: Uint8Array[] = []
  for (let i = 0; i < width; i++) {
    const hash = at((level ?? 0) * TILE_LEVELS, index * TILE_WIDTH + i)
    if (hash === undefined) return undefined
    hashes.push(hash)
  }
  return concatBytes(...hashes)
}

export function encodeEntries(entries: readonly Uint8Array[]): Uint8Array {
  return concatBytes(...entries.flatMap((entry) => [Uint8Array.of(entry.length >> 8, entry.length & 0xff), entry]))
}

/** Throws CHAIN_MALFORMED. */
export function decodeEntries(bytes: Uint8Array): Uint8Array[] {
  const entries: Uint8Array[] = []
  let at = 0
  while (at < bytes.length) {
    const length = (bytes[at]! << 8) | (bytes[at + 1] ?? 0)
    const end = at + LENGTH_BYTES + length
    if (end > bytes.length || entries.length >= TILE_WIDTH) throw malformed('a bundle of entries')
    entries.push(bytes.slice(at + LENGTH_BYTES, end))
    at = end
  }
  return entries
}

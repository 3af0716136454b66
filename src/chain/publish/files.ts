/** The history of a chain as files (C2SP tlog-tiles), made when they are requested from what the chain keeps. Tiles never change. */
import { encodeHeader } from '../blocks/blocks.ts'
import { encodeGenesis, type Genesis } from '../blocks/genesis.ts'
import type { HeaderSource } from '../follow/sources.ts'
import { limits } from '../limits.ts'
import { decodeCheckpointNote } from '../notes/checkpoint.ts'
import { policyText } from '../notes/policy.ts'
import { encodeEntries, parseTilePath, TILE_WIDTH, type Tile, tileBytes } from '../notes/tiles.ts'

export interface PublishedChain {
  readonly genesis: Genesis
  readonly headers: HeaderSource
  /** The newest checkpoint that a quorum cosigned, as a note; undefined: there is none yet. */
  readonly checkpoint: () => Uint8Array | undefined
}

export interface PublishedFile {
  readonly bytes: Uint8Array
  readonly type: 'text/plain; charset=utf-8' | 'application/octet-stream'
  /** Whoever has it need never request it again. */
  readonly immutable: boolean
}

/** Lets others have a turn of the event loop. */
export type Turn = () => Promise<void>

export class ChainFiles {
  readonly #chain: PublishedChain
  readonly #turn: Turn
  /** Full tiles that were made: reading 256 headers costs. The one used longest ago first. */
  readonly #made = new Map<string, Uint8Array>()

  constructor(chain: PublishedChain, turn: Turn) {
    this.#chain = chain
    this.#turn = turn
  }

  /** `path`: below the folder of the chain. Undefined: there is no such file, or not yet. */
  async file(path: string): Promise<PublishedFile | undefined> {
    switch (path) {
      case 'checkpoint':
        return asText(this.#chain.checkpoint())
      case 'policy':
        return asText(this.#policy())
      case 'genesis':
        return asBytes(encodeGenesis(this.#chain.genesis))
      default: {
        const tile = parseTilePath(path)
        return tile && asBytes(await this.#tile(path, tile))
      }
    }
  }

  /** The keys of those who cosign, for tools that know nothing of chordns: of the set of the newest checkpoint. */
  #policy(): Uint8Array | undefined {
    const { headers, checkpoint } = this.#chain
    const note = checkpoint()
    const certified = note && headers.certified(decodeCheckpointNote(note).checkpoint.size)
    const validators = certified && headers.set(certified.header.validatorsHash)
    return validators && new TextEncoder().encode(policyText(validators))
  }

  async #tile(path: string, tile: Tile): Promise<Uint8Array | undefined> {
    const made = this.#made.get(path)
    if (made !== undefined) {
      this.#made.delete(path)
      this.#made.set(path, made)
      return made
    }
    const bytes = tile.level === undefined ? await this.#entries(tile) : this.#hashes(tile)
    if (bytes === undefined || tile.width < TILE_WIDTH) return bytes
    this.#made.set(path, bytes)
    if (this.#made.size > limits.MAX_KEPT_TILES) this.#made.delete(this.#made.keys().next().value!)
    return bytes
  }

  #hashes(tile: Tile): Uint8Array | undefined {
    const { headers } = this.#chain
    const leaves = (tile.index * TILE_WIDTH + tile.width) * TILE_WIDTH ** (tile.level ?? 0)
    return leaves > headers.height() ? undefined : tileBytes(headers.hashes, tile)
  }

  /** A little at a time: each header is read from the disk. */
  async #entries({ index, width }: Tile): Promise<Uint8Array | undefined> {
    const { headers } = this.#chain
    const first = index * TILE_WIDTH + 1
    if (first + width - 1 > headers.height()) return undefined
    const entries: Uint8Array[] = []
    for (let height = first; height < first + width; height++) {
      const certified = headers.certified(height)
      if (certified === undefined) return undefined
      entries.push(encodeHeader(certified.header))
      if (entries.length % limits.HEADERS_A_TURN === 0) await this.#turn()
    }
    return encodeEntries(entries)
  }
}

function asText(bytes: Uint8Array | undefined): PublishedFile | undefined {
  return bytes && { bytes, type: 'text/plain; charset=utf-8', immutable: false }
}

function asBytes(bytes: Uint8Array | undefined): PublishedFile | undefined {
  return bytes && { bytes, type: 'application/octet-stream', immutable: true }
}

/**
 * What a ring has once for all, where no configuration names it: decided at this node's first start in the ring, and kept in the data
 * directory from then on, so that another default of a later release changes no ring that there is.
 */
import { join } from 'node:path'
import { ChordnsError, type Log, type Store } from '../base/index.ts'
import type { Config } from '../config/index.ts'
import { readTextFile, replaceTextFile } from '../io/index.ts'

/** Of rings that began before the number was kept. */
const OLD_CHUNK_BITS = 8

export interface ConstantsDeps {
  readonly config: Config
  readonly log: Log
  /** What this node remembers of its ring; undefined where nothing is kept. */
  readonly remembered: Store | undefined
}

/** The configuration with the number of chunks that holds, which is kept. Throws FILE_UNREADABLE, FILE_UNWRITABLE or CONFIG_INVALID. */
export async function withConstants({ config, log, remembered }: ConstantsDeps): Promise<Config> {
  const file = fileOf(config)
  const isOld = readTextFile(file) === undefined && !isEmpty(remembered)
  const { ring } = config
  const chunkBits = !ring.isDecided && isOld ? OLD_CHUNK_BITS : chunkBitsOf(config)
  const text = `${JSON.stringify({ ring: ring.id, chunkBits })}\n`
  if (text !== readTextFile(file)) {
    await replaceTextFile(file, text)
    log.debug({ ring: ring.id, chunkBits }, 'the constants of the ring are kept')
  }
  return { ...config, ring: { ...ring, chunkBits, isDecided: true } }
}

/** What holds, by configuration and data directory; `otherwise`: where neither says it. Throws as above. */
export function chunkBitsOf(config: Config, otherwise = config.ring.chunkBits): number {
  const { ring } = config
  if (ring.isDecided) return ring.chunkBits
  const text = readTextFile(fileOf(config))
  if (text === undefined) return otherwise
  const kept = parse(text)
  if (kept === undefined) throw damaged(fileOf(config))
  return kept.ring === ring.id ? kept.chunkBits : ring.chunkBits
}

/** Of what a node has stored that kept no constants. */
export function chunkBitsStored(config: Config): number {
  return chunkBitsOf(config, OLD_CHUNK_BITS)
}

function fileOf({ data }: Config): string {
  return join(data, 'ring.constants')
}

function damaged(file: string) {
  const message = `missing, and ${file} is damaged: set it to that of the other members`
  return new ChordnsError('CONFIG_INVALID', `ring.chunkBits: ${message}`, {
    problems: [{ path: 'ring.chunkBits', message }],
  })
}

function parse(text: string): { readonly ring: string; readonly chunkBits: number } | undefined {
  try {
    const { ring, chunkBits } = JSON.parse(text) as { readonly ring?: unknown; readonly chunkBits?: unknown }
    const bits = Number(chunkBits)
    return typeof ring === 'string' && Number.isInteger(bits) && bits >= 1 && bits <= 16
      ? { ring, chunkBits: bits }
      : undefined
  } catch {
    return undefined
  }
}

function isEmpty(store: Store | undefined): boolean {
  if (store === undefined) return true
  for (const _ of store.range(new Uint8Array())) return false
  return true
}

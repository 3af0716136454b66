/** The file of all kept names of a TLD: made by whoever founds it, and read for the one page that a registration shows. */
import { open } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { ChordnsError, equalBytes, fileTrouble, fromHex, systemCodeOf, toHex } from '../../base/index.ts'
import {
  KEPT_HEADER_BYTES,
  type KeptBook,
  type KeptRoot,
  keptFileLayout,
  keptFileParts,
  keptRootFromBytes,
  keptRootStateKey,
  keptVerdict,
  pageOf,
  type ShownPage,
} from '../../ledger/index.ts'
import { limits } from '../limits.ts'

const HASH_BYTES = 32

/** Of the root in the state, hex. */
export const keptRootKey = toHex(keptRootStateKey)

/** Null: no name of this chain is kept by pages. Throws LEDGER_MALFORMED. */
export function domainKeptRoot(value: string | null): KeptRoot | undefined {
  return value === null ? undefined : keptRootFromBytes(fromHex(value))
}

/** Beside the genesis file. */
export function keptNamesFile(genesis: string, chain: string): string {
  return join(dirname(genesis), `${chain}.kept`)
}

/** Beside a policy's file, as `domain import --out` writes both. */
export function keptFileBeside(policy: string): string {
  return `${policy.replace(/\.json$/, '')}.kept`
}

/** Never over another file. Rejects with FILE_EXISTS, FILE_UNWRITABLE. */
export async function writeKeptNames(file: string, book: KeptBook): Promise<void> {
  try {
    const handle = await open(file, 'wx', 0o644)
    try {
      let waiting: Uint8Array[] = []
      let bytes = 0
      for (const part of keptFileParts(book)) {
        waiting.push(part)
        bytes += part.length
        if (bytes < limits.KEPT_WRITE_BYTES) continue
        await handle.writev(waiting)
        waiting = []
        bytes = 0
      }
      if (waiting.length > 0) await handle.writev(waiting)
      await handle.sync()
    } finally {
      await handle.close()
    }
  } catch (error) {
    if (systemCodeOf(error) === 'EEXIST')
      throw new ChordnsError('FILE_EXISTS', `${file} exists already and is not overwritten`, { file })
    throw new ChordnsError('FILE_UNWRITABLE', fileTrouble(file, error, 'write'), { file }, { cause: error })
  }
}

/** What the file says it is. Rejects with KEPT_NAMES. */
export function keptRootIn(file: string): Promise<KeptRoot> {
  return reading(file, async (read) => (await layoutOf(file, read)).root)
}

/** A page and its path, as the root on the chain has them, and whether the label is kept. Rejects with KEPT_NAMES. */
export function shownFrom(
  file: string,
  root: KeptRoot,
  label: Uint8Array,
): Promise<{ readonly shown: ShownPage; readonly isKept: boolean }> {
  return reading(file, async (read) => {
    const layout = await layoutOf(file, read)
    if (!equalBytes(layout.root.root, root.root))
      throw bad(file, `it has the root ${toHex(layout.root.root)}, and the chain ${toHex(root.root)}`)
    const number = pageOf(root, label)
    const ends = await read(layout.endsAt(number), 8)
    const view = new DataView(ends.buffer, ends.byteOffset)
    const [from, to] = [view.getUint32(0), view.getUint32(4)]
    if (to < from || to - from > limits.KEPT_PAGE_BYTES) throw bad(file, 'it is damaged')
    const page = await read(layout.pagesAt + from, to - from)
    const path: Uint8Array[] = []
    for (const at of layout.pathAt(number)) path.push(await read(at, HASH_BYTES))
    const shown = { page, path }
    const verdict = keptVerdict(root, label, shown)
    if (verdict === 'unproven') throw bad(file, 'it is damaged')
    return { shown, isKept: verdict === 'kept' }
  })
}

type Read = (at: number, bytes: number) => Promise<Uint8Array>

async function layoutOf(file: string, read: Read) {
  const layout = keptFileLayout(await read(0, KEPT_HEADER_BYTES))
  if (layout === undefined) throw bad(file, 'it is no file of kept names')
  return layout
}

async function reading<T>(file: string, work: (read: Read) => Promise<T>): Promise<T> {
  const handle = await open(file, 'r').catch((error: unknown) => {
    const why = systemCodeOf(error) === 'ENOENT' ? 'there is no such file' : fileTrouble(file, error)
    throw bad(file, why, error)
  })
  try {
    return await work(async (at, bytes) => {
      const buffer = new Uint8Array(bytes)
      const { bytesRead } = await handle.read(buffer, 0, bytes, at)
      if (bytesRead < bytes) throw bad(file, 'it is cut off')
      return buffer
    })
  } finally {
    await handle.close()
  }
}

function bad(file: string, why: string, cause?: unknown) {
  return new ChordnsError(
    'KEPT_NAMES',
    `${file}: ${why}. A registration shows a page of it: get the file from whoever founded the TLD, or from another member`,
    { file },
    { cause },
  )
}

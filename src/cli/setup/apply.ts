/** Writes what was planned, and restores what was there before. A record of that is written first. */
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import { ChordnsError, fileTrouble, systemCodeOf } from '../../base/index.ts'
import type { PlannedFile } from './plan.ts'

const before = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('absent') }),
  z.object({ kind: z.literal('link'), target: z.string() }),
  z.object({ kind: z.literal('file'), text: z.string(), mode: z.number().int() }),
])

const record = z.object({
  version: z.literal(1),
  files: z.array(z.object({ path: z.string(), before, written: z.string() })),
})

type SetupRecord = z.infer<typeof record>

export interface Restored {
  readonly restored: readonly string[]
  /** Somebody has changed them since: they are left alone. */
  readonly left: readonly string[]
}

export interface Places {
  /** Where the record is. */
  readonly record: string
  /** Stands before all paths, for tests. */
  readonly root?: string
}

/** What was there before the first of several runs is what an undo restores. Throws SETUP_FAILED with the path. */
export function applyFiles(files: readonly PlannedFile[], { record: path, root = '/' }: Places): void {
  const known = readRecord(path)?.files ?? []
  const next = files.map(({ path: file, text }) => {
    const place = join(root, file)
    const earlier = known.find((one) => one.path === file)
    const isOurs = earlier !== undefined && present(place) === earlier.written
    return { path: file, before: isOurs ? earlier.before : stateOf(place), written: text }
  })
  const others = known.filter(({ path: file }) => !files.some((one) => one.path === file))
  // First the way back, then the way.
  replace(path, `${JSON.stringify({ version: 1, files: [...others, ...next] }, null, 2)}\n`, 0o600)
  for (const { path: file, text } of files) replace(join(root, file), text, 0o644)
}

export interface UndoWishes {
  /** Also what somebody has changed since. */
  readonly force: boolean
  /** Paths that stay as they are; a later undo may restore them. */
  readonly except?: readonly string[]
}

/** Throws SETUP_NOTHING when there is no record. */
export function undoFiles({ record: path, root = '/' }: Places, { force, except = [] }: UndoWishes): Restored {
  const known = readRecord(path)
  if (known === undefined)
    throw new ChordnsError('SETUP_NOTHING', `nothing to undo: there is no ${path}`, { file: path })
  const restored: string[] = []
  const left: string[] = []
  for (const { path: file, before: earlier, written } of known.files) {
    if (except.includes(file)) continue
    const place = join(root, file)
    if (!force && present(place) !== written) {
      left.push(file)
      continue
    }
    restore(place, earlier)
    restored.push(file)
  }
  const kept = known.files.filter((one) => left.includes(one.path) || except.includes(one.path))
  if (kept.length === 0) rmSync(path)
  else replace(path, `${JSON.stringify({ version: 1, files: kept }, null, 2)}\n`, 0o600)
  return { restored, left }
}

function restore(place: string, earlier: SetupRecord['files'][number]['before']): void {
  doing(place, () => {
    if (earlier.kind === 'file') {
      replace(place, earlier.text, earlier.mode)
      return
    }
    rmSync(place, { force: true })
    if (earlier.kind === 'link') symlinkSync(earlier.target, place)
  })
}

function stateOf(place: string): SetupRecord['files'][number]['before'] {
  return doing(place, () => {
    const stat = lstatSync(place, { throwIfNoEntry: false })
    if (stat === undefined) return { kind: 'absent' }
    if (stat.isSymbolicLink()) return { kind: 'link', target: readlinkSync(place) }
    return { kind: 'file', text: readFileSync(place, 'utf8'), mode: stat.mode & 0o777 }
  })
}

/** Text of a plain file; a link is not followed, since it is not what was written. */
function present(place: string): string | undefined {
  const state = stateOf(place)
  return state.kind === 'file' ? state.text : undefined
}

/** A reader finds the old or the new one, never half of it. A link is replaced, and what it leads to is left alone. */
function replace(place: string, text: string, mode: number): void {
  doing(place, () => {
    mkdirSync(dirname(place), { recursive: true })
    const fresh = `${place}.chordns-new`
    writeFileSync(fresh, text, { mode })
    chmodSync(fresh, mode)
    try {
      renameSync(fresh, place)
    } catch (error) {
      // A container mounts single files, and these can be written, but not replaced.
      if (systemCodeOf(error) !== 'EBUSY') throw error
      writeFileSync(place, text)
      rmSync(fresh)
    }
  })
}

function readRecord(path: string): SetupRecord | undefined {
  if (!existsSync(path)) return undefined
  const text = doing(path, () => readFileSync(path, 'utf8'))
  try {
    return record.parse(JSON.parse(text))
  } catch (cause) {
    throw new ChordnsError('SETUP_FAILED', `${path} is no record of \`chordns setup\``, { file: path }, { cause })
  }
}

function doing<T>(path: string, work: () => T): T {
  try {
    return work()
  } catch (cause) {
    if (cause instanceof ChordnsError) throw cause
    throw new ChordnsError('SETUP_FAILED', fileTrouble(path, cause, 'write'), { file: path }, { cause })
  }
}

/** Where values come from: flag > environment > file > default. */
import { dirname, isAbsolute, join } from 'node:path'
import type { z } from 'zod'
import { leaves } from '../sections/schema.ts'
import type { Problem, Source } from '../types.ts'
import type { Json, JsonDocument } from './json.ts'
import { nearest } from './suggest.ts'

export interface Assignment {
  readonly value: unknown
  readonly source: Source
  /** The variable, `--set`, or `file:line:column`. */
  readonly where: string
}

/** What the names of all settings in the environment begin with. */
const PREFIX = 'CHORDNS_'
/** Variables that other parts of the program read. */
const OTHER_VARIABLES: ReadonlySet<string> = new Set(['CHORDNS_CONFIG', 'CHORDNS_NODE', 'CHORDNS_VALIDATION_TIME'])

/** Keys that name files: in the file they are relative to it, elsewhere to the working directory. */
const FILE_KEYS: ReadonlySet<string> = new Set([
  'data',
  'dnssec.trustAnchors',
  'iterator.rootHints',
  'local.hosts',
  'ring.secretFile',
  'tls.certificateFile',
  'tls.keyFile',
])

/** `ring.secretFile` -> `CHORDNS_RING_SECRET_FILE`. */
export function variableOf(path: string): string {
  return `CHORDNS_${path.replace(/[A-Z]/g, '_$&').replaceAll('.', '_').toUpperCase()}`
}

/** A name that is no variable of ours is only odd: container platforms put their own CHORDNS_... into the environment. */
export function readEnvironment(env: Readonly<Record<string, string | undefined>>): {
  readonly assignments: ReadonlyMap<string, Assignment>
  readonly warnings: readonly string[]
} {
  const known = new Map(leaves.map((leaf) => [variableOf(leaf.path), leaf]))
  const assignments = new Map<string, Assignment>()
  const warnings: string[] = []
  for (const [name, text] of Object.entries(env)) {
    if (!name.startsWith(PREFIX) || text === undefined || OTHER_VARIABLES.has(name)) continue
    const leaf = known.get(name)
    if (leaf !== undefined) {
      assignments.set(leaf.path, { value: fromText(leaf.path, leaf.schema, text), source: 'env', where: name })
      continue
    }
    // What all begin with makes none of them nearer.
    const near = nearest(
      name.slice(PREFIX.length),
      [...known.keys()].map((one) => one.slice(PREFIX.length)),
    )
    const hint = near === undefined ? '' : `; did you mean ${PREFIX}${near}?`
    warnings.push(`${name} in the environment is no setting${hint}`)
  }
  return { assignments, warnings }
}

export function readFlags(overrides: Readonly<Record<string, unknown>>): {
  readonly assignments: ReadonlyMap<string, Assignment>
  readonly problems: readonly Problem[]
} {
  const assignments = new Map<string, Assignment>()
  const problems: Problem[] = []
  for (const [path, value] of Object.entries(overrides)) {
    const leaf = leaves.find((one) => one.path === path)
    if (leaf === undefined) {
      problems.push({ path, message: unknownFlag(path), where: '--set' })
      continue
    }
    const read = typeof value === 'string' ? fromText(path, leaf.schema, value) : value
    assignments.set(path, { value: read, source: 'flag', where: '--set' })
  }
  return { assignments, problems }
}

/** systemd has a directory for the state of each service (`StateDirectory=`), and that is the only place where it may write. */
export function readSupervisor(env: Readonly<Record<string, string | undefined>>): ReadonlyMap<string, Assignment> {
  const first = env['STATE_DIRECTORY']?.split(':')[0]
  if (!first) return new Map()
  return new Map([['data', { value: first, source: 'env', where: 'STATE_DIRECTORY' }]])
}

function unknownFlag(path: string): string {
  const whole = leaves.find((leaf) => path.startsWith(`${leaf.path}.`))
  if (whole !== undefined)
    return `a part of \`${whole.path}\`, which is set as a whole: --set '${whole.path}=...' takes JSON`
  const near = nearest(
    path,
    leaves.map((leaf) => leaf.path),
  )
  return `unknown key${near === undefined ? '' : `; did you mean \`${near}\`?`}`
}

/** The leaves that the file sets. What is not a leaf is left to the schema to complain about. */
export function readLeaves(document: JsonDocument, file: string): ReadonlyMap<string, Assignment> {
  const assignments = new Map<string, Assignment>()
  for (const { path } of leaves) {
    const value = path.split('.').reduce(member, document.value as Json | undefined)
    if (value === undefined) continue
    const place = document.places.get(path)
    const where = place === undefined ? file : `${file}:${place.line}:${place.column}`
    assignments.set(path, { value: FILE_KEYS.has(path) ? relativeTo(file, value) : value, source: 'file', where })
  }
  return assignments
}

function member(value: Json | undefined, key: string): Json | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  return Object.hasOwn(value, key) ? value[key] : undefined
}

function relativeTo(file: string, value: Json): Json {
  if (Array.isArray(value)) return value.map((one) => relativeTo(file, one))
  if (typeof value !== 'string' || value === '' || value === 'builtin' || isAbsolute(value)) return value
  const directory = dirname(file)
  return directory === '.' ? value : join(directory, value)
}

/**
 * A text as JSON, as a list with commas, or as it is: the first that the key takes. None: a list or an object as such, else as it is, so that the
 * schema names the problem.
 */
function fromText(path: string, schema: z.ZodType, text: string): unknown {
  const items = text.split(',').map((item) => item.trim())
  const json = jsonOf(text)
  const candidates = [...json, items, text]
  // A list of addresses is what most people want to say by CHORDNS_LISTEN.
  if (path === 'listen') candidates.splice(-1, 0, { udp: items, tcp: items })
  return candidates.find((value) => schema.safeParse(value).success) ?? json.find(isComposed) ?? text
}

function isComposed(value: unknown): boolean {
  return typeof value === 'object' && value !== null
}

function jsonOf(text: string): unknown[] {
  try {
    return [JSON.parse(text)]
  } catch {
    // Not JSON is the ordinary case: most values are plain words.
    return []
  }
}

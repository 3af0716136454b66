/** Reads the configuration of a node. */
import { join } from 'node:path'
import { ChordnsError, fileTrouble, isChordnsError } from '../base/index.ts'
import { deriveConfig } from './derive.ts'
import { leaves, schema } from './sections/schema.ts'
import { type JsonDocument, parseJson } from './sources/json.ts'
import { type Assignment, readEnvironment, readFlags, readLeaves, readSupervisor } from './sources/layers.ts'
import { invalid, located, problemsOf } from './sources/problems.ts'
import type { FileFault, LoadedConfig, LoadRequest, Problem, Setting } from './types.ts'

const FILE_NAME = 'resolver.config.json'

/**
 * Flag > CHORDNS_* > file > what the service manager gives > default. Throws CONFIG_NOT_FOUND when a file that was named is not there, CONFIG_UNREADABLE,
 * CONFIG_SYNTAX with detail {line, column}, or CONFIG_INVALID with detail {problems}, which its text lists.
 */
export function loadConfig(request: LoadRequest): LoadedConfig {
  const found = findFile(request)
  const document = found && parseFile(found.file, found.text)
  const env = readEnvironment(request.env)
  const flags = readFlags(request.overrides ?? {})
  const fromFile = document === undefined ? new Map<string, Assignment>() : readLeaves(document, found!.file)
  const assignments = new Map([...readSupervisor(request.env), ...fromFile, ...env.assignments, ...flags.assignments])

  const tree: unknown = structuredClone(document === undefined ? {} : document.value)
  if (isObject(tree)) for (const [path, { value }] of assignments) assign(tree, path.split('.'), value)
  const parsed = schema.safeParse(tree)
  const problems: Problem[] = [...flags.problems]
  const warnings = [...env.warnings]
  const faults: FileFault[] = []
  const config = parsed.success ? deriveConfig(parsed.data, problems, warnings, faults, request) : undefined
  if (!parsed.success) problems.push(...problemsOf(parsed.error))
  if (config === undefined || problems.length > 0)
    throw invalid(located([...problems, ...faults], assignments, document, found?.file))
  return {
    config,
    file: found?.file,
    settings: settingsOf(parsed.data!, assignments),
    effective: parsed.data!,
    warnings,
    faults: located(faults, assignments, document, found?.file),
  }
}

/** Where a configuration is looked for when none is named, in this order. */
export function searchPath(env: Readonly<Record<string, string | undefined>>): readonly string[] {
  const home = env['XDG_CONFIG_HOME'] || (env['HOME'] && join(env['HOME'], '.config'))
  return [`./${FILE_NAME}`, ...(home ? [join(home, 'chordns', FILE_NAME)] : []), `/etc/chordns/${FILE_NAME}`]
}

function findFile({ file, env, readFile }: LoadRequest): { file: string; text: string } | undefined {
  const named = file ?? (env['CHORDNS_CONFIG'] || undefined)
  for (const path of named === undefined ? searchPath(env) : [named]) {
    const text = read(path, readFile)
    if (text !== undefined) return { file: path, text }
  }
  if (named === undefined) return undefined
  throw new ChordnsError('CONFIG_NOT_FOUND', `there is no configuration file ${named}`, { file: named })
}

function read(path: string, readFile: LoadRequest['readFile']): string | undefined {
  try {
    return readFile(path, 'strict')
  } catch (cause) {
    throw new ChordnsError('CONFIG_UNREADABLE', fileTrouble(path, cause), { file: path }, { cause })
  }
}

function parseFile(file: string, text: string): JsonDocument {
  try {
    return parseJson(text)
  } catch (error) {
    if (!isChordnsError(error, 'CONFIG_SYNTAX')) throw error
    throw new ChordnsError('CONFIG_SYNTAX', `${file}, ${error.message}`, { ...error.detail, file })
  }
}

/** Sets a value inside, making the sections on the way; a section that is not an object is left for the schema to refuse. */
function assign(tree: Record<string, unknown>, path: readonly string[], value: unknown): void {
  const [key = '', ...rest] = path
  if (rest.length === 0) {
    tree[key] = value
    return
  }
  if (!Object.hasOwn(tree, key)) tree[key] = {}
  const inner = tree[key]
  if (isObject(inner)) assign(inner, rest, value)
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function settingsOf(effective: object, assignments: ReadonlyMap<string, Assignment>): Setting[] {
  return leaves.map(({ path, description }) => {
    const assignment = assignments.get(path)
    const value = path.split('.').reduce<unknown>((inner, key) => (isObject(inner) ? inner[key] : undefined), effective)
    return { path, value, source: assignment?.source ?? 'default', where: assignment?.where, description }
  })
}

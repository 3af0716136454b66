/** The tables of Pi-hole's gravity.db, out of either form of a backup. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { z } from 'zod'
import { isChordnsError } from '../../base/index.ts'
import { limits } from '../limits.ts'
import type { ArchiveFiles } from './archive.ts'
import { refused } from './refused.ts'

/** PHP wrote numbers as texts in some versions. */
const whole = z.coerce.number().int()
const isOn = z.preprocess((value) => Number(value ?? 1) !== 0, z.boolean())
const comment = z.string().nullish()

const schemas = {
  group: z.object({ id: whole, name: z.string(), enabled: isOn, description: comment }),
  adlist: z.object({ id: whole, address: z.string(), enabled: isOn, comment, type: whole.nullish() }),
  /** `type`: 0 allowed, 1 denied, 2 and 3 the same by regular expression. */
  domainlist: z.object({ id: whole, type: whole, domain: z.string(), enabled: isOn, comment }),
  client: z.object({ id: whole, ip: z.string(), comment }),
  adlist_by_group: z.object({ adlist_id: whole, group_id: whole }),
  domainlist_by_group: z.object({ domainlist_id: whole, group_id: whole }),
  client_by_group: z.object({ client_id: whole, group_id: whole }),
} as const

type TableName = keyof typeof schemas
export type Tables = { readonly [Name in TableName]: readonly z.output<(typeof schemas)[Name]>[] }
const NAMES = Object.keys(schemas) as TableName[]

/** Of version 5: each kind of domain has a file of its own. */
const DOMAIN_FILES: readonly (readonly [string, number])[] = [
  ['whitelist.exact.json', 0],
  ['blacklist.exact.json', 1],
  ['whitelist.regex.json', 2],
  ['blacklist.regex.json', 3],
]

/** With the paths of the files that it read; undefined where there are none. Throws IMPORT_REFUSED. */
export function readTables(
  files: ArchiveFiles,
): { readonly tables: Tables; readonly paths: ReadonlySet<string> } | undefined {
  const database = [...files].find(([path]) => /(^|\/)gravity\.db$/.test(path))
  if (database !== undefined) return { tables: checked(rowsOfDatabase(database[1])), paths: new Set([database[0]]) }
  const paths = new Set<string>()
  const rowsIn = (file: string): readonly unknown[] => {
    const found = [...files].find(([path]) => path === file || path.endsWith(`/${file}`))
    if (found === undefined) return []
    paths.add(found[0])
    return jsonRows(file, found[1])
  }
  const tables = Object.fromEntries(
    NAMES.map((name) => [
      name,
      name === 'domainlist'
        ? DOMAIN_FILES.flatMap(([file, type]) => rowsIn(file).map((row) => ({ ...(row as object), type })))
        : rowsIn(`${name}.json`),
    ]),
  )
  return paths.size === 0 ? undefined : { tables: checked(tables), paths }
}

function checked(rows: Readonly<Record<string, readonly unknown[]>>): Tables {
  return Object.fromEntries(
    NAMES.map((name) => {
      const read = z.array(schemas[name] as z.ZodType).safeParse(rows[name] ?? [])
      if (!read.success)
        throw refused(`its table ${name} has other columns than Pi-hole's: ${read.error.issues[0]?.path.join('.')}`)
      return [name, read.data]
    }),
  ) as unknown as Tables
}

function jsonRows(file: string, bytes: Uint8Array): readonly unknown[] {
  let rows: unknown
  try {
    rows = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (cause) {
    throw refused(`${file} in it is no JSON`, cause)
  }
  if (!Array.isArray(rows) || rows.length > limits.MAX_IMPORTED_ROWS)
    throw refused(`${file} in it is no list of at most ${limits.MAX_IMPORTED_ROWS} rows`)
  return rows
}

/** SQLite reads files only: this one is of nobody's but ours, and goes at once. */
function rowsOfDatabase(bytes: Uint8Array): Record<string, readonly unknown[]> {
  const dir = mkdtempSync(join(tmpdir(), 'chordns-import-'))
  try {
    const path = join(dir, 'gravity.db')
    writeFileSync(path, bytes, { mode: 0o600 })
    const database = new DatabaseSync(path, { readOnly: true })
    try {
      // Nothing that its author put into the schema is run.
      database.exec('PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON')
      return Object.fromEntries(NAMES.map((name) => [name, rowsOf(database, name)]))
    } finally {
      database.close()
    }
  } catch (cause) {
    if (isChordnsError(cause)) throw cause
    throw refused('gravity.db in it is no database, or is damaged', cause)
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

function rowsOf(database: DatabaseSync, name: TableName): readonly unknown[] {
  // A view could compute for ever.
  const isTable = database
    .prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ? AND sql NOT LIKE 'CREATE VIRTUAL%'")
    .get(name)
  if (isTable === undefined) return []
  const rows = database.prepare(`SELECT * FROM "${name}" LIMIT ?`).all(limits.MAX_IMPORTED_ROWS + 1)
  if (rows.length > limits.MAX_IMPORTED_ROWS)
    throw refused(`its table ${name} has more than ${limits.MAX_IMPORTED_ROWS} rows`)
  return rows
}

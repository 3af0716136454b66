/** Inside a room, parts import only downwards, and what is called pure neither waits nor holds a port. */
import { type SourceFile, tokensOf, type Violation } from '../house/sources.ts'
import { type Import, importsOf, relativeImports } from './imports-of.ts'
import type { Token } from './lexer.ts'

/** The ports of base/ports.ts that act, and what waits on them. Random only computes: it draws in the order of the calls. */
const PORTS: ReadonlySet<string> = new Set(
  'Clock Exchange Transport Store Log Doorkeeper scopedStore sleep withTimeout'.split(' '),
)

const BOTTOM: ReadonlySet<string> = new Set(['types.ts', 'limits.ts'])

export interface InnerTable {
  readonly rooms: Readonly<Record<string, readonly string[]>>
  readonly pure: readonly string[]
}

/** Checks the files under src/ against the table. */
export function checkInnerRooms(files: readonly SourceFile[], table: InnerTable): Violation[] {
  return [...unknownFolders(files, table), ...files.flatMap((file) => checkFile(file, table)), ...stale(files, table)]
}

function checkFile(file: SourceFile, table: InnerTable): Violation[] {
  const { path } = file
  const tokens = tokensOf(file)
  const say = ({ line, message }: { line: number; message: string }): Violation => ({ path, line, message })
  return [
    ...roomsAround(path).flatMap((room) => upwards(path, room, tokens, table)),
    ...(isPure(path, table) ? impurities(path, tokens, table) : []),
  ].map(say)
}

type Found = Omit<Violation, 'path'>

/** src/chunks/reads/quorum.ts: chunks, chunks/reads. */
function roomsAround(path: string): string[] {
  const folders = path.split('/').slice(1, -1)
  return folders.map((_, index) => folders.slice(0, index + 1).join('/'))
}

function unknownFolders(files: readonly SourceFile[], { rooms }: InnerTable): Violation[] {
  const inner = new Set(files.flatMap(({ path }) => roomsAround(path).slice(1)))
  return [...inner].flatMap((path) => {
    const [room, part] = splitLast(path)
    if (rooms[room]?.includes(part)) return []
    const message = `${room}/ has no inner room ${part}/: add it to scripts/imports/inner-table.ts`
    return [{ path: `src/${path}`, line: 1, message }]
  })
}

function upwards(path: string, room: string, tokens: readonly Token[], { rooms }: InnerTable): Found[] {
  const order = rooms[room]
  if (order === undefined) return []
  const here = partOf(path, room)!
  const rank = rankOf(here, order)
  if (rank === undefined)
    return [{ line: 1, message: `${room}/ does not know ${here}: add it to scripts/imports/inner-table.ts` }]
  return relativeImports(path, tokens).flatMap(({ line, target }) => {
    const there = partOf(target, room)
    if (there === undefined || there === here) return []
    const other = rankOf(there, order)
    if (other === undefined || other > rank || (other === rank && BOTTOM.has(there))) return []
    return [{ line, message: `in ${room}/, ${here} stands below ${there} and may not import it` }]
  })
}

/** The file or folder right inside the room. */
function partOf(path: string, room: string): string | undefined {
  return path.startsWith(`src/${room}/`) ? path.slice(`src/${room}/`.length).split('/')[0] : undefined
}

function rankOf(part: string, order: readonly string[]): number | undefined {
  const rank = order.indexOf(part)
  if (rank >= 0) return rank
  if (part === 'index.ts') return -1
  return BOTTOM.has(part) ? Number.POSITIVE_INFINITY : undefined
}

function isPure(path: string, { pure }: InnerTable): boolean {
  return pure.some((one) => path === `src/${one}` || path.startsWith(`src/${one}/`))
}

function impurities(path: string, tokens: readonly Token[], table: InnerTable): Found[] {
  const waits = tokens.flatMap(({ kind, text, line }, index) =>
    kind === 'word' && /^(async|await|Promise)$/.test(text) && !isMember(tokens, index)
      ? [{ line, message: `is pure: \`${text}\` is for what waits` }]
      : [],
  )
  const ports = importsOf(tokens).flatMap(({ line, names }) =>
    names.filter((name) => PORTS.has(name)).map((name) => ({ line, message: `is pure: \`${name}\` is a port` })),
  )
  const others = relativeImports(path, tokens).flatMap((one) => impureNeighbour(path, one, table))
  return [...waits, ...ports, ...others]
}

function isMember(tokens: readonly Token[], index: number): boolean {
  const before = tokens[index - 1]
  return before?.kind === 'punctuation' && (before.text === '.' || before.text === '?.')
}

/** A pure part uses only pure parts of its own room; what other rooms hand out, their own doors answer for. */
function impureNeighbour(path: string, { line, target }: Import & { target: string }, table: InnerTable): Found[] {
  const room = roomsAround(path)[0]!
  const part = partOf(target, room)
  if (part === undefined || BOTTOM.has(part) || isPure(target, table)) return []
  return [{ line, message: `is pure, and ${target.slice('src/'.length)} is not` }]
}

/** Rows of the table that name nothing any more. */
function stale(files: readonly SourceFile[], { rooms, pure }: InnerTable): Violation[] {
  const isThere = (name: string) => files.some(({ path }) => path === `src/${name}` || path.startsWith(`src/${name}/`))
  const named = [...Object.entries(rooms).flatMap(([room, parts]) => parts.map((part) => `${room}/${part}`)), ...pure]
  return named
    .filter((name) => !isThere(name))
    .map((name) => ({ path: 'scripts/imports/inner-table.ts', line: 1, message: `there is no src/${name}` }))
}

function splitLast(path: string): [before: string, last: string] {
  const slash = path.lastIndexOf('/')
  return [path.slice(0, slash), path.slice(slash + 1)]
}

/** Each room, and each room inside it, has a README that names its parts. */
import { posix } from 'node:path'
import type { SourceFile, Violation } from './sources.ts'

/** `sources`: the files under src/. `readmes`: the READMEs there. `deep`: rooms inside the rooms, or the rooms themselves. */
export function unnamedParts(
  sources: readonly SourceFile[],
  readmes: readonly SourceFile[],
  which: 'rooms' | 'inner rooms',
): Violation[] {
  const texts = new Map(readmes.map(({ path, text }) => [path, text]))
  return [...partsOfRooms(sources)].flatMap(([room, parts]) => {
    const isInner = room.split('/').length > 2
    if (room === 'src' || isInner !== (which === 'inner rooms')) return []
    const path = `${room}/README.md`
    const text = texts.get(path)
    if (text === undefined) return [{ path, line: 1, message: 'this room has no README' }]
    const unnamed = [...parts].filter((part) => !names(text, part)).sort()
    return unnamed.length === 0 ? [] : [{ path, line: 1, message: `does not name ${unnamed.join(', ')}` }]
  })
}

/** READMEs of rooms that do not define their words. */
export function withoutWords(readmes: readonly SourceFile[]): Violation[] {
  return readmes
    .filter(({ path, text }) => /^src\/[^/]+\/README\.md$/.test(path) && !/^(#+ |\*\*|\*)?Words\b/m.test(text))
    .map(({ path }) => ({ path, line: 1, message: 'has no Words' }))
}

/** What every room may have, with the same meaning. */
const COMMON = new Set(['index.ts', 'types.ts', 'limits.ts'])

/** Indexes of rooms that do not open with what the room is for, and what to use when. */
export function silentIndexes(sources: readonly SourceFile[]): Violation[] {
  return sources
    .filter(({ path, text }) => /^src\/[^/]+\/index\.ts$/.test(path) && !text.startsWith('/**'))
    .map(({ path }) => ({ path, line: 1, message: 'does not open with what the room is, and what to use when' }))
}

/** The files and folders right inside each folder of src/, but the common ones. */
function partsOfRooms(sources: readonly SourceFile[]): Map<string, Set<string>> {
  const rooms = new Map<string, Set<string>>()
  for (const { path } of sources) {
    let part = posix.basename(path)
    for (let folder = posix.dirname(path); folder !== '.'; folder = posix.dirname(folder)) {
      const parts = rooms.get(folder) ?? new Set()
      if (!COMMON.has(part)) parts.add(part)
      rooms.set(folder, parts)
      part = `${posix.basename(folder)}/`
    }
  }
  return rooms
}

/** `round.ts`, `round`, `reads/`, `reads`, in backticks; also at the end or the beginning of a longer path. */
function names(text: string, part: string): boolean {
  const stem = part.replace(/\.ts$|\/$/, '')
  return [...text.matchAll(/`([^`\n]+)`/g)].some(({ 1: name }) =>
    name!.split(/[\s,{}]+|\//).some((word) => word === part || word.replace(/\.ts$/, '') === stem),
  )
}

/** Files and folders that a text names in backticks or links to are there. */
import { posix } from 'node:path'
import { lineOf, type SourceFile, type Violation } from './sources.ts'

/** `existing`: the paths of all files of the repository, from its root. */
export function missingFiles(texts: readonly SourceFile[], existing: readonly string[]): Violation[] {
  const known = withFolders(existing)
  const isThere = (path: string, name: string) =>
    placesOf(path, name).some((place) => known.has(place)) || isBelow(path, name, known)
  const isLinked = (path: string, target: string) => known.has(posix.join(posix.dirname(path), target))
  return texts.flatMap(({ path, text }) => {
    const prose = text.replace(/^```[\s\S]*?^```/gm, (block) => block.replace(/[^\n]/g, ' '))
    const named = namedPaths(prose).filter(({ name }) => !isThere(path, name))
    const linked = links(prose).filter(({ name }) => !isLinked(path, name))
    return [...named, ...linked].map(({ name, offset }) => ({
      path,
      line: lineOf(text, offset),
      message: `\`${name}\` is not there`,
    }))
  })
}

interface Mention {
  readonly name: string
  readonly offset: number
}

/** What is in backticks and looks like a source, a document or a folder of this repository. Blocks of code are not read. */
function namedPaths(prose: string): Mention[] {
  return [...prose.matchAll(/`([^`\n]+)`/g)].flatMap(({ 1: name, index }) =>
    /^(\.\.\/)*([\w.-]+\/)*([\w.-]+\.(ts|mjs|md)|[\w.-]+\/)$/.test(name!) ? [{ name: name!, offset: index }] : [],
  )
}

/** Targets of links inside the repository, without what is behind `#`. */
function links(prose: string): Mention[] {
  return [...prose.matchAll(/\]\((?![a-z]+:|#)([^)#\s]+)[^)]*\)/g)].map(({ 1: name, index }) => ({
    name: name!,
    offset: index,
  }))
}

/** Beside the text, and in each folder around it; for texts outside src/, also below src/. */
function placesOf(path: string, name: string): string[] {
  const around = path.split('/').map((_, depth, parts) => parts.slice(0, depth).join('/'))
  return ['src', ...around].map((folder) => posix.join(folder, name).replace(/\/$/, ''))
}

/** A name without folders is also found in the rooms below the text; below any room, when the text is not in one. */
function isBelow(path: string, name: string, known: ReadonlySet<string>): boolean {
  const bare = name.replace(/\/$/, '')
  if (bare.includes('/')) return false
  const room = path.startsWith('src/') ? `${posix.dirname(path)}/` : 'src/'
  return [...known].some((one) => one.startsWith(room) && one.endsWith(`/${bare}`))
}

function withFolders(existing: readonly string[]): ReadonlySet<string> {
  const known = new Set<string>()
  for (const file of existing)
    for (let path = file; path !== '.' && !known.has(path); path = posix.dirname(path)) known.add(path)
  return known
}

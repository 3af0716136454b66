/** The files that the checks read. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { lex, type Token } from '../imports/lexer.ts'

/** `path` is relative to the repository, with slashes. */
export interface SourceFile {
  readonly path: string
  readonly text: string
}

export interface Violation {
  readonly path: string
  /** 1-based. */
  readonly line: number
  readonly message: string
}

/** The files below `folder` whose names end so, in the order of their paths. A folder that is not there has none. */
export function readSources(root: string, folder: string, ending: string): SourceFile[] {
  if (!existsSync(join(root, folder))) return []
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(ending))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
    .map((file) => ({ path: relative(root, file).replaceAll(sep, '/'), text: readFileSync(file, 'utf8') }))
}

/** The line of an offset in a text, 1-based. */
export function lineOf(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length
}

const read = new WeakMap<SourceFile, readonly Token[]>()

/** The tokens of a file, which several checks look at. */
export function tokensOf(file: SourceFile): readonly Token[] {
  const known = read.get(file)
  if (known !== undefined) return known
  const tokens = lex(file.text)
  read.set(file, tokens)
  return tokens
}

/**
 * The house rules that can be held by a fact, beside those of check-imports.ts: no circle of files, arrows of the rooms
 * inside the rooms, one name for one type, numbers of decisions, files that texts name, READMEs that name their parts,
 * clocks that only two rooms make, and bounds outside of limits.ts. What is a matter of taste follows as a list, and fails nothing. Part of `npm run check`.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { argv, stderr, stdout } from 'node:process'
import { circles } from './house/circles.ts'
import { checkDecisions } from './house/decisions.ts'
import { missingFiles } from './house/named-files.ts'
import { ownBounds } from './house/own-bounds.ts'
import { ownClocks } from './house/own-clocks.ts'
import { silentIndexes, unnamedParts, withoutWords } from './house/readmes.ts'
import { readSources, type SourceFile, type Violation } from './house/sources.ts'
import { crowdedRooms, longFiles, longFunctions, wideParameters } from './house/taste.ts'
import { nearTwins, sharedTypeNames } from './house/type-names.ts'
import { checkInnerRooms } from './imports/inner.ts'
import { INNER_ROOMS, PURE } from './imports/inner-table.ts'

const FOLDERS = ['src', 'test', 'bench', 'scripts', 'docs']

/** What the checks read, so that tests can hand in a house that does not exist. */
export interface House {
  /** The TypeScript of src/, test/, bench/ and scripts/. */
  readonly code: readonly SourceFile[]
  /** All Markdown, READMEs and decisions too. */
  readonly texts: readonly SourceFile[]
  /** The paths of all files. */
  readonly existing: readonly string[]
}

type Findings = Readonly<Record<string, readonly Violation[]>>

/** What must be none, by the name of the rule. */
export function checkHouse({ code, texts, existing }: House): Findings {
  const sources = code.filter(({ path }) => path.startsWith('src/'))
  const decisions = texts.filter(({ path }) => path.startsWith('docs/decisions/'))
  const manuals = texts.filter(({ path }) => !path.startsWith('docs/decisions/'))
  const readmes = texts.filter(({ path }) => /^src\/.*README\.md$/.test(path))
  return {
    'circles of files': circles(sources),
    'rooms inside the rooms': checkInnerRooms(sources, { rooms: INNER_ROOMS, pure: PURE }),
    'one name, one type': sharedTypeNames(sources),
    decisions: checkDecisions(decisions, [...code.filter(({ path }) => !path.startsWith('test/scripts/')), ...texts]),
    'files that texts name': missingFiles(manuals, existing),
    'READMEs of inner rooms': unnamedParts(sources, readmes, 'inner rooms'),
    'READMEs of rooms': [
      ...unnamedParts(sources, readmes, 'rooms'),
      ...withoutWords(readmes),
      ...silentIndexes(sources),
    ],
    'clocks of their own': ownClocks(code),
    'bounds of their own': ownBounds(sources),
  }
}

/** What one may look at. */
export function taste({ code }: House): Findings {
  const sources = code.filter(({ path }) => path.startsWith('src/'))
  return {
    'rooms of many files': crowdedRooms(sources),
    'files over 400 lines': longFiles(sources),
    'functions over 70 lines': longFunctions(sources),
    'more than eight things handed in': wideParameters(sources),
    'types that differ by an s': nearTwins(sources),
  }
}

export function readHouse(root: string): House {
  const top = readdirSync(root, { withFileTypes: true }).flatMap((entry) => (entry.isFile() ? [entry.name] : []))
  const topTexts = top.filter((name) => name.endsWith('.md'))
  return {
    code: FOLDERS.flatMap((folder) => readSources(root, folder, '.ts')),
    texts: [
      ...topTexts.map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') })),
      ...FOLDERS.flatMap((folder) => readSources(root, folder, '.md')),
    ],
    existing: [...top, ...FOLDERS.flatMap((folder) => filesBelow(root, folder))],
  }
}

function filesBelow(root: string, folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? filesBelow(root, `${folder}/${entry.name}`) : [`${folder}/${entry.name}`],
  )
}

function lines(findings: Findings): string {
  return Object.entries(findings)
    .filter(([, found]) => found.length > 0)
    .map(([rule, found]) => `${rule}: ${found.length}\n${found.map(lineOfOne).join('')}`)
    .join('')
}

function lineOfOne({ path, line, message }: Violation): string {
  return `  ${path}:${line}: ${message}\n`
}

if (import.meta.main) {
  const house = readHouse(resolve(argv[2] ?? '.'))
  const findings = checkHouse(house)
  stdout.write(`a matter of taste, which fails nothing\n${lines(taste(house))}`)
  stderr.write(lines(findings))
  if (Object.values(findings).flat().length > 0) process.exitCode = 1
  else stdout.write(`house: ${house.code.length} files and ${house.texts.length} texts keep the rules\n`)
}

/**
 * The house rules that neither compiler nor linter know: rooms import only downwards and only through an index.ts, and
 * clocks, randomness, timers, sockets and files are used at the edge only. Part of `npm run check`.
 */
import { isBuiltin } from 'node:module'
import { posix, resolve } from 'node:path'
import { argv, stderr, stdout } from 'node:process'
import { readSources, type SourceFile, type Violation } from './house/sources.ts'
import { globalUses } from './imports/globals.ts'
import { importsOf } from './imports/imports-of.ts'
import { lex } from './imports/lexer.ts'
import {
  ARROWS,
  EFFECT_ROOMS,
  PACKAGE_ROOMS,
  PURE_BUILTINS,
  ROOM_BUILTINS,
  roomOf,
  SIDE_DOORS,
} from './imports/table.ts'

/** Checks the files under src/; others are ignored. Pure, so that tests can hand in sources that do not exist. */
export function checkSources(files: readonly SourceFile[]): Violation[] {
  return files.flatMap((file) => {
    if (!file.path.startsWith('src/')) return []
    const room = roomOf(file.path)
    if (room === undefined || !Object.hasOwn(ARROWS, room))
      return [
        { path: file.path, line: 1, message: `no room: add \`${room ?? file.path}\` to scripts/imports/table.ts` },
      ]
    const tokens = lex(file.text)
    const imports = importsOf(tokens).map(({ line, target }) => ({
      line,
      message: judgeImport(file.path, room, target),
    }))
    const effects = EFFECT_ROOMS.has(room)
      ? []
      : globalUses(tokens).map(({ line, name, what }) => ({
          line,
          message: `${room}/ is pure: \`${name}\` is ${what}; take a port of base/ports.ts instead`,
        }))
    return [...imports, ...effects]
      .flatMap(({ line, message }) => (message === undefined ? [] : [{ path: file.path, line, message }]))
      .sort((a, b) => a.line - b.line)
  })
}

function judgeImport(path: string, room: string, target: string | undefined): string | undefined {
  if (target === undefined) return 'import() of a computed path cannot be checked'
  if (target.startsWith('.')) return judgeRelative(path, room, posix.join(posix.dirname(path), target))
  if (target.startsWith('/') || target.startsWith('file:')) return `import of an absolute path: ${target}`
  return isBuiltin(target) ? judgeBuiltin(room, target.replace(/^node:/, '')) : judgePackage(room, target)
}

function judgeRelative(path: string, room: string, target: string): string | undefined {
  const other = roomOf(target)
  if (other === undefined)
    return target === 'package.json' && EFFECT_ROOMS.has(room) ? undefined : `import from outside src/: ${target}`
  if (other === room) return undefined
  if (!Object.hasOwn(ARROWS, other)) return `import from no room: ${target}`
  if (other !== 'base' && !ARROWS[room]!.includes(other)) {
    if (other === 'io') return 'only peer/ may import io/'
    if (other === 'sim') return 'no production room may import sim/'
    return `${room}/ may not import ${other}/ (it may import ${['base', ...ARROWS[room]!].join(', ')})`
  }
  const index = other === 'cli' ? `src/${other}.ts` : `src/${other}/index.ts`
  return target === index || SIDE_DOORS[target]?.includes(room)
    ? undefined
    : `${posix.relative(posix.dirname(path), target)} goes past ${other}/'s index, ${index}`
}

function judgeBuiltin(room: string, name: string): string | undefined {
  if (EFFECT_ROOMS.has(room) || PURE_BUILTINS.has(name) || ROOM_BUILTINS[room]?.includes(name)) return undefined
  return `${room}/ is pure: node:${name} touches the machine; take a port of base/ports.ts instead`
}

function judgePackage(room: string, name: string): string | undefined {
  const rule = Object.entries(PACKAGE_ROOMS).find(
    ([prefix]) => name === prefix || name.startsWith(prefix.endsWith('/') ? prefix : `${prefix}/`),
  )
  if (rule === undefined || rule[1].includes(room)) return undefined
  const allowed = rule[1].length === 0 ? 'tests' : rule[1].map((one) => `${one}/`).join(', ')
  return `${room}/ may not import ${name}: it is for ${allowed}`
}

if (import.meta.main) {
  const files = readSources(resolve(argv[2] ?? '.'), 'src', '.ts')
  const violations = checkSources(files)
  for (const { path, line, message } of violations) stderr.write(`${path}:${line}: ${message}\n`)
  if (violations.length > 0) process.exitCode = 1
  else stdout.write(`imports: ${files.length} files keep the rules\n`)
}

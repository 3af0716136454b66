/** Every error code of the sources has its row in docs/errors.md, and every row its code. Part of `npm run check`. */
import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { argv, stderr, stdout } from 'node:process'
import { lex } from './imports/lexer.ts'

/** Words in capitals that are no error codes: variables of the environment. */
const ENVIRONMENT =
  /^(CHORDNS|XDG)_|^NO_COLOR$|^NOTIFY_SOCKET$|^(STATE|CACHE)_DIRECTORY$|^NODE_(DISABLE_)?COMPILE_CACHE$/

/** `sources`: the texts of the program; `manual`: docs/errors.md. Returns what is wrong. */
export function checkErrors(sources: readonly string[], manual: string): string[] {
  const raised = new Set(sources.flatMap(codesOf))
  const documented = new Set(
    [...manual.matchAll(/^\| (`[^|]*`) \|/gm)].flatMap(([, cell]) => cell!.match(/[A-Z][A-Z0-9_]+/g) ?? []),
  )
  const words = new Set(sources.flatMap((text) => text.match(/\b[A-Z][A-Z0-9_]+\b/g) ?? []))
  return [
    ...[...raised].filter((code) => !documented.has(code)).map((code) => `${code} is not in docs/errors.md`),
    ...[...documented]
      .filter((code) => !words.has(code))
      .map((code) => `${code} is in docs/errors.md, and nowhere else`),
  ]
}

/** The first argument of each `new ChordnsError`, and all texts that are written as codes with two words are. */
function codesOf(text: string): string[] {
  const tokens = lex(text)
  return tokens.flatMap(({ kind, text: word }, index) => {
    if (kind !== 'string' || ENVIRONMENT.test(word)) return []
    const isArgument = tokens[index - 1]?.text === '(' && tokens[index - 2]?.text === 'ChordnsError'
    return isArgument || /^[A-Z][A-Z0-9]*(_[A-Z0-9]+)+$/.test(word) ? [word] : []
  })
}

if (import.meta.main) {
  const root = resolve(argv[2] ?? '.')
  const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => readFileSync(join(root, 'src', file), 'utf8'))
  const problems = checkErrors(sources, readFileSync(join(root, 'docs/errors.md'), 'utf8'))
  for (const problem of problems) stderr.write(`${problem}\n`)
  if (problems.length > 0) process.exitCode = 1
  else stdout.write('errors: every code has its row in docs/errors.md\n')
}

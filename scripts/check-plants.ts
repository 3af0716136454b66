/** Every mistake that simulators put back still has its place: its text stands in its source just once. Part of `npm run check`. */
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { argv, stderr, stdout } from 'node:process'
import { MISTAKES as OF_LEDGERS } from '../test/sim/ledger/mistakes.ts'
import { MISTAKES as OF_FOLLOWERS } from '../test/sim/light/mistakes.ts'
import { MISTAKES as OF_NODES } from '../test/sim/nodes/mistakes.ts'

interface Planted {
  readonly name: string
  readonly changes: readonly { readonly file: string; readonly from: string }[]
}

/** `read`: the text of a file below src/. Returns what is wrong. */
export function checkPlants(mistakes: readonly Planted[], read: (file: string) => string): string[] {
  return mistakes.flatMap(({ name, changes }) =>
    changes
      .filter(({ file, from }) => read(file).split(from).length !== 2)
      .map(({ file, from }) => `"${name}" changes a text that does not stand just once in src/${file}: ${from}`),
  )
}

if (import.meta.main) {
  const root = resolve(argv[2] ?? '.')
  const problems = checkPlants([...OF_LEDGERS, ...OF_FOLLOWERS, ...OF_NODES], (file) =>
    readFileSync(join(root, 'src', file), 'utf8'),
  )
  for (const problem of problems) stderr.write(`${problem}\n`)
  stdout.write(`${problems.length} planted mistakes without a place\n`)
  if (problems.length > 0) process.exitCode = 1
}

/**
 * `node test/filter/second-opinion/make.ts DIRECTORY`: what `@adguard/hostlist-compiler` makes of each odd line, into `opinions.json`. It is no dependency of this project, for it brings 92 packages
 * (docs/decisions/0189): DIRECTORY is one where `npm install --ignore-scripts @adguard/hostlist-compiler@2.1.1` was run.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { argv } from 'node:process'
import { ODD_LINES } from './odd-lines.ts'

const PACKAGE = '@adguard/hostlist-compiler'
/** As their own list for DNS is made, without what only changes the order. */
const TRANSFORMATIONS = ['RemoveComments', 'TrimLines', 'ConvertToAscii', 'Validate', 'Compress', 'RemoveEmptyLines']

const directory = resolve(argv[2] ?? '.')
const require = createRequire(join(directory, 'any.js'))
const compile = require(PACKAGE) as (configuration: object) => Promise<readonly string[]>
const { version } = JSON.parse(readFileSync(join(directory, 'node_modules', PACKAGE, 'package.json'), 'utf8')) as {
  readonly version: string
}
const consola = require('consola') as { level: number }
consola.level = -1

const scratch = mkdtempSync(join(tmpdir(), 'second-opinion-'))
const source = join(scratch, 'list.txt')
const opinions: [string, readonly string[]][] = []
for (const line of ODD_LINES) {
  writeFileSync(source, `${line}\n`)
  const rules = await compile({ name: 'x', sources: [{ source }], transformations: TRANSFORMATIONS })
  opinions.push([line, rules.filter((rule) => rule !== '' && !rule.startsWith('!'))])
}
rmSync(scratch, { recursive: true })
const rows = opinions.map((one) => `    ${JSON.stringify(one)}`).join(',\n')
const text = `{\n  "by": ${JSON.stringify(`${PACKAGE} ${version}`)},\n  "opinions": [\n${rows}\n  ]\n}\n`
writeFileSync(new URL('opinions.json', import.meta.url), text)

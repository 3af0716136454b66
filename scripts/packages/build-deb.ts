/** `npm run build:deb`: a Debian package of this checkout, for the kind of machine that it is built on. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { Command, Option } from 'commander'
import { buildDeb, type DebOptions } from './deb.ts'
import { ROOT } from './layout.ts'

interface Flags {
  readonly out: string
  readonly compression: NonNullable<DebOptions['compression']>
}

const command = new Command('build:deb')
  .description('builds a Debian package; SOURCE_DATE_EPOCH is the time of its files (default: that of the last commit)')
  .option('-o, --out <directory>', 'where it is put', 'dist-packages')
  .addOption(new Option('--compression <kind>', 'xz, gzip or none').choices(['xz', 'gzip', 'none']).default('xz'))
  .addHelpText('after', '\nDEBFULLNAME and DEBEMAIL name the maintainer, as with the tools of Debian.')
  .parse()

const { out, compression } = command.opts<Flags>()
const directory = resolve(out)
mkdirSync(directory, { recursive: true })
const path = buildDeb({
  out: directory,
  compression,
  epoch: epochOf(process.env),
  maintainer: maintainerOf(process.env),
})
process.stdout.write(`${path} ${statSync(path).size} bytes\n`)

function epochOf({ SOURCE_DATE_EPOCH: given }: NodeJS.ProcessEnv): number {
  const text = given ?? execFileSync('git', ['log', '-1', '--format=%ct'], { cwd: ROOT, encoding: 'utf8' }).trim()
  if (!/^\d{1,10}$/.test(text)) throw new Error(`SOURCE_DATE_EPOCH must be seconds since 1970, not ${text}`)
  return Number(text)
}

function maintainerOf({
  DEBFULLNAME: name = 'the chordns maintainers',
  DEBEMAIL: mail = 'root@localhost',
}: NodeJS.ProcessEnv): string {
  return `${name} <${mail}>`
}

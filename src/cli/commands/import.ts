/** `chordns import pihole|adguard FILE`: lists, rules, groups and local records of another resolver, into the configuration. */
import { existsSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import type { Command } from 'commander'
import { ChordnsError, fileTrouble, isChordnsError } from '../../base/index.ts'
import { loadConfig } from '../../config/index.ts'
import { loadConfigFrom, readFile } from '../common/config-option.ts'
import { print, printJson } from '../common/table.ts'
import { importAdguard } from '../importing/adguard.ts'
import { mergeConfig } from '../importing/merge.ts'
import { importPihole } from '../importing/pihole.ts'
import type { ConfigPart, Left, Takeover } from '../importing/takeover.ts'
import { limits } from '../limits.ts'
import { configFile } from '../setup/machine.ts'

interface Flags {
  readonly config?: string
  readonly dryRun?: boolean
  readonly json?: boolean
}

export function addImportCommands(program: Command): void {
  const all = program
    .command('import')
    .description('take over lists, rules, groups and local records of another resolver')
  const add = (name: string, what: string, description: string, reader: (bytes: Uint8Array) => Takeover): void => {
    all
      .command(name)
      .description(description)
      .argument('<file>', what)
      .option('-c, --config <file>', 'configuration file (default: the one that is there, else ./resolver.config.json)')
      .option('--dry-run', 'show what would be taken over, and write nothing')
      .option('--json', 'print JSON')
      .addHelpText(
        'after',
        `
What has no counterpart here is listed, with the reason. What the configuration says already stays; the file as it was is kept beside it.
With a node that runs, reload it afterwards: systemctl reload chordns.`,
      )
      .action((file: string, flags: Flags) => takeOver(file, reader, flags))
  }
  add(
    'pihole',
    'what "Teleporter" exports: a .zip since version 6, a .tar.gz before',
    'take over a backup of Pi-hole',
    importPihole,
  )
  add('adguard', 'AdGuardHome.yaml', 'take over the configuration of AdGuard Home', importAdguard)
}

function takeOver(file: string, reader: (bytes: Uint8Array) => Takeover, flags: Flags): void {
  const taken = read(file, reader)
  const target = configFile(flags)
  const before = existsSync(target) ? knownConfig(target) : {}
  const part = taken.part()
  const { config, left: conflicts } = mergeConfig(before, part)
  const text = `${JSON.stringify(config, null, 2)}\n`
  check(target, text)
  const left = [...taken.left, ...conflicts]
  const kept = flags.dryRun ? undefined : write(target, text)
  if (flags.json) printJson({ dryRun: flags.dryRun ?? false, file: target, kept: kept ?? null, taken: part, left })
  else print(report(part, left, flags.dryRun ? `nothing was written; ${target} would have these` : wrote(target, kept)))
}

function read(file: string, reader: (bytes: Uint8Array) => Takeover): Takeover {
  try {
    if (statSync(file).size > limits.MAX_ARCHIVE_BYTES)
      throw refused(file, `it is longer than ${limits.MAX_ARCHIVE_BYTES} bytes`)
    return reader(readFileSync(file))
  } catch (cause) {
    if (isChordnsError(cause, 'IMPORT_REFUSED'))
      throw refused(file, (cause.detail as { readonly why: string }).why, cause)
    if (cause instanceof ChordnsError) throw cause
    throw refused(file, fileTrouble(file, cause, 'read'), cause)
  }
}

function refused(file: string, why: string, cause?: unknown) {
  return new ChordnsError('IMPORT_REFUSED', `${file}: ${why}`, { file, why }, { cause })
}

function knownConfig(file: string): Record<string, unknown> {
  // Its texts name line and column of what is wrong.
  loadConfigFrom({ config: file })
  return JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>
}

/** Throws CONFIG_INVALID before anything is written. */
function check(target: string, text: string): void {
  loadConfig({ file: target, env: {}, readFile: (path, how) => (path === target ? text : readFile(path, how)) })
}

/** Returns where the file of before is kept. */
function write(target: string, text: string): string | undefined {
  try {
    const mode = existsSync(target) ? statSync(target).mode & 0o777 : 0o644
    const kept = existsSync(target) ? freePath(`${target}.before-import`) : undefined
    if (kept !== undefined) writeFileSync(kept, readFileSync(target), { mode, flag: 'wx' })
    writeFileSync(`${target}.chordns-new`, text, { mode })
    renameSync(`${target}.chordns-new`, target)
    return kept
  } catch (cause) {
    throw new ChordnsError(
      'IMPORT_REFUSED',
      fileTrouble(target, cause, 'write'),
      { file: target, why: 'it cannot be written' },
      { cause },
    )
  }
}

function freePath(path: string): string {
  let free = path
  for (let count = 2; existsSync(free); count++) free = `${path}-${count}`
  return free
}

function wrote(target: string, kept: string | undefined): string {
  return `wrote ${target}${kept === undefined ? '' : `; as it was: ${kept}`}`
}

function report({ filter, local, iterator }: ConfigPart, left: readonly Left[], end: string): string {
  const clients = Object.values(filter.groups).reduce((sum, group) => sum + (group.clients?.length ?? 0), 0)
  return [
    'taken over:',
    ...Object.entries(filter.lists).map(
      ([name, { source, kind, enabled }]) =>
        `  list ${name}: ${source}${kind === 'allow' ? ', allows' : ''}${enabled === false ? ', off' : ''}`,
    ),
    `  ${filter.rules.length} rules for all, ${Object.keys(filter.groups).length} groups with ${clients} clients, ${local.records.length} local records`,
    ...Object.entries(iterator.forwards).map(([zone, servers]) => `  ${zone} is asked of ${servers.join(', ')}`),
    ...(left.length === 0
      ? ['nothing was left']
      : ['not taken over:', ...left.map(({ what, why }) => `  ${what}: ${why}`)]),
    end,
  ].join('\n')
}

/** `chordns join TOKEN`: claims a place at a member's door, then writes the secret and the configuration. */
import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { text as readAll } from 'node:stream/consumers'
import type { Command } from 'commander'
import { ChordnsError, equalBytes, isChordnsError } from '../../base/index.ts'
import { loadConfig } from '../../config/index.ts'
import type { JoinToken, RingKey } from '../../peer/index.ts'
import { loadConfigFrom } from '../common/config-option.ts'
import { print, printJson } from '../common/table.ts'

export function addJoin(program: Command): void {
  program
    .command('join')
    .description(
      'take an invitation: get the secret of the ring from a member, and write the configuration by which `chordns start` joins',
    )
    .argument('<token>', 'what `chordns invite` printed; - reads it from the input, where no other user can see it')
    .option('-c, --config <file>', 'configuration file to write', 'resolver.config.json')
    .option('--data <dir>', 'data directory (default: that of the configuration, else data)')
    .option(
      '--force',
      'also when the configuration is of a member of another ring (its other settings stay), or there is another secret (kept as .old)',
    )
    .option(
      '--household',
      'the machines of this ring are of one home, and believe each other (ring.acceptFrom: any-member) and find each other by mDNS',
    )
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  chordns join chordns2.AF... --household\n  chordns join chordns2.AF...\n  chordns join - --config /etc/chordns/resolver.config.json --data /var/lib/chordns < token',
    )
    .action(async (text: string, flags: JoinFlags) => {
      const { decodeToken } = await import('../../peer/index.ts')
      const token = decodeToken(text === '-' ? await readAll(process.stdin) : text)
      const { secretFile } = await acceptInvitation(token, flags)
      const { ringId, addresses } = token
      if (flags.json) {
        printJson({ ring: ringId, config: flags.config, secretFile: secretFile ?? null, bootstrap: addresses })
        return
      }
      const wrote = [flags.config, ...(secretFile === undefined ? [] : [`${secretFile} (mode 0600)`])]
      print(`wrote ${wrote.join(' and ')}\nnow run: chordns start --config ${flags.config}`)
    })
}

export interface JoinFlags {
  readonly config: string
  readonly data?: string
  readonly force?: boolean
  readonly household?: boolean
  readonly json?: boolean
}

/** What is written, and where. */
interface Target {
  readonly file: string
  readonly data: string
  readonly household: boolean
}

/** Nothing is written before all is known to be right; the invitation is used only when nothing else is in the way. */
export async function acceptInvitation(
  token: JoinToken,
  flags: JoinFlags,
): Promise<{ readonly secretFile: string | undefined }> {
  const { config: file, force = false } = flags
  const known = existsSync(file) ? configOf(file) : undefined
  const before = known?.written
  const data = flags.data ?? known?.data ?? 'data'
  const target = { file, data, household: flags.household ?? false }
  if (before !== undefined && !force && choosesRing(before))
    throw new ChordnsError(
      'CONFIG_EXISTS',
      `${file} is the configuration of a member of a ring; --force changes its ring settings and leaves the rest, --config names another file`,
      { file },
    )
  if (token.admission === 'open') {
    await writeConfig(file, configFor(token, token, before, target))
    return { secretFile: undefined }
  }
  const secretFile = join(data, 'ring.secret')
  const kept = isObject(before?.['ring']) ? before['ring'] : {}
  // A secret that no configuration names is of the ring of one that this machine began by itself: it is kept as .old.
  const mayReplace = force || kept['secretFile'] === undefined
  checkConfig(file, configFor(token, { replicas: 0, chunkBits: 1 }, before, target))
  const { redeemToken } = await import('../../peer/index.ts')
  const key = await redeemToken(token, data)
  const config = configFor(token, key, before, target)
  checkConfig(file, config)
  await writeSecret(secretFile, key.secret, mayReplace)
  await writeConfig(file, config)
  return { secretFile }
}

/** What decides which ring it is. A configuration without any of it has the ring that each machine begins by itself. */
const RING_CHOICE = ['id', 'admission', 'bootstrap', 'secretFile', 'replicas', 'chunkBits'] as const

function choosesRing({ ring }: Record<string, unknown>): boolean {
  return isObject(ring) && RING_CHOICE.some((key) => ring[key] !== undefined)
}

function configFor(
  { ringId, admission, addresses }: JoinToken,
  { replicas, chunkBits }: Omit<RingKey, 'secret'>,
  before: Record<string, unknown> | undefined,
  { file, data, household }: Target,
): Record<string, unknown> {
  // Paths in the file count from the file's own directory.
  const from = (path: string) => {
    const short = relative(resolve(file, '..'), resolve(path)) || '.'
    return short.startsWith('..') ? resolve(path) : short
  }
  const kept = isObject(before?.['ring']) ? before['ring'] : {}
  const ring = {
    enabled: true,
    id: ringId,
    admission,
    bootstrap: addresses,
    ...(admission === 'psk' && { secretFile: from(join(data, 'ring.secret')) }),
    replicas,
    chunkBits,
    ...(household && { acceptFrom: 'any-member', mdns: true }),
  }
  return { ...before, data: from(data), ring: { ...kept, ...ring } }
}

async function writeConfig(file: string, config: Record<string, unknown>): Promise<void> {
  checkConfig(file, config)
  const { writeTextFile } = await import('../../peer/index.ts')
  await writeTextFile(file, `${JSON.stringify(config, null, 2)}\n`)
}

interface KnownConfig {
  /** As it stands in the file. */
  readonly written: Record<string, unknown>
  /** The data directory that is in force with it. */
  readonly data: string
}

function configOf(file: string): KnownConfig {
  // The usual checks first: their texts name line and column.
  const { data } = loadConfigFrom({ config: file }).config
  const value: unknown = JSON.parse(readFileSync(file, 'utf8'))
  return { written: isObject(value) ? value : {}, data }
}

function checkConfig(file: string, config: object): void {
  loadConfig({
    file,
    env: {},
    overrides: {},
    hashSeed: randomBytes(8),
    readFile: (path) => (path === file ? JSON.stringify(config) : undefined),
  })
}

async function writeSecret(file: string, secret: Uint8Array, force: boolean): Promise<void> {
  const { loadSecretFile, replaceSecretFile } = await import('../../peer/index.ts')
  let before: Uint8Array | undefined
  try {
    before = await loadSecretFile(file)
  } catch (error) {
    if (!isChordnsError(error, 'KEY_MISSING')) throw error
  }
  if (before !== undefined && equalBytes(before, secret)) return
  if (before !== undefined && !force)
    throw new ChordnsError('KEY_EXISTS', `${file} holds the secret of another ring; --force keeps it as ${file}.old`, {
      file,
    })
  await replaceSecretFile(file, secret)
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** `chordns invite` and `chordns join TOKEN`: a ring grows by one line of text. */
import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { text as readAll } from 'node:stream/consumers'
import type { Command } from 'commander'
import { ChordnsError, equalBytes, isChordnsError } from '../../base/index.ts'
import { loadConfig } from '../../config/index.ts'
import { statusView } from '../../observe/index.ts'
import type { Invitation } from '../../peer/index.ts'
import { loadConfigFrom } from '../common/config-option.ts'
import { type NodeFlags, nodeOf, nodeOption } from '../common/node-option.ts'
import { askNode } from '../common/status-client.ts'
import { print, printJson } from '../common/table.ts'

export function addInviteCommands(program: Command): void {
  nodeOption(program.command('invite'))
    .description('print a token by which another machine joins the ring of this one; it holds the secret of the ring')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExamples:\n  chordns invite\n  chordns invite | ssh other-host chordns join -')
    .action(async (flags: NodeFlags & { json?: boolean }) => {
      const invitation = await invitationOf(flags)
      const { encodeInvitation } = await import('../../peer/index.ts')
      const token = encodeInvitation(invitation)
      const { ringId, addresses } = invitation
      if (flags.json) printJson({ token, ring: ringId, addresses })
      else print(token)
    })
  program
    .command('join')
    .description('take an invitation: write the secret and the configuration by which `chordns start` joins the ring')
    .argument('<token>', 'what `chordns invite` printed; - reads it from the input, where no other user can see it')
    .option('-c, --config <file>', 'configuration file to write', 'resolver.config.json')
    .option('--data <dir>', 'data directory', 'data')
    .option('--force', 'also when there is a configuration (its other settings stay) or another secret (kept as .old)')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  chordns join chordns1.AF...\n  chordns join - --config /etc/chordns/resolver.config.json --data /var/lib/chordns < token',
    )
    .action(async (token: string, flags: JoinFlags) => {
      const { decodeInvitation } = await import('../../peer/index.ts')
      const invitation = decodeInvitation(token === '-' ? await readAll(process.stdin) : token)
      const { secretFile } = await accept(invitation, flags)
      const { ringId, addresses } = invitation
      if (flags.json) {
        printJson({ ring: ringId, config: flags.config, secretFile: secretFile ?? null, bootstrap: addresses })
        return
      }
      const wrote = [flags.config, ...(secretFile === undefined ? [] : [`${secretFile} (mode 0600)`])]
      print(`wrote ${wrote.join(' and ')}\nnow run: chordns start --config ${flags.config}`)
    })
}

interface JoinFlags {
  readonly config: string
  readonly data: string
  readonly force?: boolean
  readonly json?: boolean
}

async function invitationOf(flags: NodeFlags): Promise<Invitation> {
  const { ring } = loadConfigFrom(flags).config
  if (!ring.enabled) throw new ChordnsError('RING_OFF', 'this node runs without a ring (ring.enabled is false)', {})
  const { loadSecretFile, MAX_INVITED_ADDRESSES } = await import('../../peer/index.ts')
  const secret = ring.secretFile === undefined ? new Uint8Array() : await loadSecretFile(ring.secretFile)
  const view = (await askNode(nodeOf(flags), '/status', {}, statusView)).ring
  if (view === null || view.ringId !== ring.id)
    throw new ChordnsError('RING_OFF', `the running node is not on the ring ${ring.id}; restart it`, {})
  const members = [...view.members].sort((a, b) => Number(b.self) - Number(a.self))
  const addresses = worthTelling(members).slice(0, MAX_INVITED_ADDRESSES)
  if (addresses.length === 0)
    throw new ChordnsError(
      'RING_OFF',
      'no member has an address that others can reach; set ring.listen or ring.announce',
      {},
    )
  const { id, admission, replicas, chunkBits } = ring
  return { ringId: id, admission, secret, replicas, chunkBits, addresses }
}

/** Own addresses first. Those of the loopback are told only where there are no others: then all are on one machine. */
export function worthTelling(members: readonly { readonly addresses: readonly string[] }[]): string[] {
  const all = [...new Set(members.flatMap(({ addresses }) => addresses))]
  const outer = all.filter((address) => !/^\/(ip4\/127\.|ip6\/::1\/)/.test(address))
  return outer.length > 0 ? outer : all
}

/** Nothing is written before all is known to be right. */
async function accept(
  invitation: Invitation,
  { config: file, data, force = false }: JoinFlags,
): Promise<{ readonly secretFile: string | undefined }> {
  const before = existsSync(file) ? configOf(file) : undefined
  if (before !== undefined && !force)
    throw new ChordnsError(
      'CONFIG_EXISTS',
      `there is a configuration ${file}; --force changes its ring settings and leaves the rest, --config names another`,
      { file },
    )
  const { ringId, admission, secret, replicas, chunkBits, addresses } = invitation
  // Paths in the file count from the file's own directory.
  const from = (path: string) => {
    const short = relative(resolve(file, '..'), resolve(path)) || '.'
    return short.startsWith('..') ? resolve(path) : short
  }
  const secretFile = admission === 'psk' ? join(data, 'ring.secret') : undefined
  const ring = {
    enabled: true,
    id: ringId,
    admission,
    bootstrap: addresses,
    ...(secretFile !== undefined && { secretFile: from(secretFile) }),
    replicas,
    chunkBits,
  }
  const kept = isObject(before?.['ring']) ? before['ring'] : {}
  const config = { ...before, data: from(data), ring: { ...kept, ...ring } }
  checkConfig(file, config)
  // A secret that no configuration names is of the ring of one that this machine began by itself: it is kept as .old.
  const isOwn = kept['secretFile'] === undefined
  if (secretFile !== undefined) await writeSecret(secretFile, secret, force || isOwn)
  const { writeTextFile } = await import('../../peer/index.ts')
  await writeTextFile(file, `${JSON.stringify(config, null, 2)}\n`)
  return { secretFile }
}

function configOf(file: string): Record<string, unknown> {
  // The usual checks first: their texts name line and column.
  loadConfigFrom({ config: file })
  const value: unknown = JSON.parse(readFileSync(file, 'utf8'))
  return isObject(value) ? value : {}
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

/** Secrets on disk: readable by their owner only, made at once and whole. */
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { type FileHandle, link, mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { ChordnsError, fileTrouble, fromHex, isChordnsError, type PeerId, toHex } from '../../base/index.ts'
import { ed25519Signer, peerIdFromPublicKey } from '../../crypto/index.ts'
import { limits } from '../limits.ts'

const SEED_BYTES = 32
/** An HMAC key shorter than this can be searched for. */
const MIN_SECRET_BYTES = 16

/** Where a missing one comes from. */
const MAKE = {
  'ring secret':
    'correct ring.secretFile, copy the file from another member, or make one with `chordns keygen --secret FILE`',
  'node identity': 'make one with `chordns keygen FILE`',
  'voting key': 'make one with `chordns ledger keygen`',
  'account key': 'make one with `chordns ledger keygen`',
  'owner key': 'make one with `chordns domain keygen --owner FILE`',
} as const

/** Files of 32 bytes in hex, an Ed25519 seed. */
export type SeedKind = Exclude<keyof typeof MAKE, 'ring secret'>

/** The Ed25519 seed in `file`, made there when there is none. */
export async function loadOrCreateIdentity(file: string): Promise<Uint8Array> {
  return loadOrCreateSeed(file, 'node identity')
}

export async function loadOrCreateSeed(file: string, kind: SeedKind): Promise<Uint8Array> {
  try {
    return await loadSeed(file, kind)
  } catch (error) {
    if (!isChordnsError(error, 'KEY_MISSING')) throw error
  }
  try {
    await createIdentity(file)
  } catch (error) {
    // Another process was faster: its identity is the one.
    if (!isChordnsError(error, 'KEY_EXISTS')) throw error
  }
  return loadSeed(file, kind)
}

/** Writes a new identity; never over an existing file. */
export async function createIdentity(file: string): Promise<{ readonly peer: PeerId }> {
  const seed = new Uint8Array(randomBytes(SEED_BYTES))
  await writeNewPrivateFile(file, `${toHex(seed)}\n`)
  return { peer: peerIdFromPublicKey(ed25519Signer(seed).publicKey) }
}

/**
 * Beside the identity stands whether it was ever used to sign in chains: a node that has the key still, and its votes no more, must
 * know that it forgot them.
 */
export function isMarkedUsed(identityFile: string): boolean {
  return existsSync(`${identityFile}.used`)
}

/** On disk when it resolves; once marked, it stays so. */
export async function markUsed(identityFile: string): Promise<void> {
  try {
    await writeNewPrivateFile(`${identityFile}.used`, 'This key has signed in chains: keep votes.db with it.\n')
  } catch (error) {
    if (!isChordnsError(error, 'KEY_EXISTS')) throw error
  }
}

/** Writes a new ring secret; never over an existing file. */
export async function createSecret(file: string): Promise<void> {
  await writeNewPrivateFile(file, `${toHex(new Uint8Array(randomBytes(32)))}\n`)
}

/** The ring secret in `file`, made there when there is none. */
export async function loadOrCreateSecret(file: string): Promise<Uint8Array> {
  try {
    return await loadSecret(file)
  } catch (error) {
    if (!isChordnsError(error, 'KEY_MISSING')) throw error
  }
  try {
    await createSecret(file)
  } catch (error) {
    // Another process was faster: its secret is the one.
    if (!isChordnsError(error, 'KEY_EXISTS')) throw error
  }
  return loadSecret(file)
}

/** Writes a ring secret that came from elsewhere; one that is there already is kept beside it, as `.old`. */
export async function replaceSecret(file: string, secret: Uint8Array): Promise<void> {
  try {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 })
    await rename(file, `${file}.old`)
  } catch (error) {
    if (!hasCode(error, 'ENOENT'))
      throw new ChordnsError('KEY_UNWRITABLE', fileTrouble(file, error, 'write'), { file }, { cause: error })
  }
  await writeNewPrivateFile(file, `${toHex(secret)}\n`)
}

/** A ring secret: hex or base64url text of at least 16 bytes. */
export async function loadSecret(file: string): Promise<Uint8Array> {
  const text = await readPrivate(file, 'ring secret')
  const secret = parse(text)
  if (secret === undefined || secret.length < MIN_SECRET_BYTES)
    throw malformed(
      file,
      `not a ring secret: it must be hex or base64url text of at least ${MIN_SECRET_BYTES} bytes; make one with \`chordns keygen --secret FILE\``,
    )
  return secret
}

/** Throws KEY_MISSING, KEY_EXPOSED, KEY_UNREADABLE, KEY_MALFORMED. */
export async function loadSeed(file: string, kind: SeedKind): Promise<Uint8Array> {
  const seed = parse(await readPrivate(file, kind))
  if (seed?.length !== SEED_BYTES)
    throw malformed(file, `not a ${kind}: 32 bytes in hex; move it away, and a new one is made`)
  return seed
}

function parse(text: string): Uint8Array | undefined {
  const trimmed = text.trim()
  if (/^([0-9a-fA-F]{2})+$/.test(trimmed)) return fromHex(trimmed)
  if (/^[A-Za-z0-9_-]+$/.test(trimmed)) return new Uint8Array(Buffer.from(trimmed, 'base64url'))
  return undefined
}

async function readPrivate(file: string, what: keyof typeof MAKE): Promise<string> {
  let handle: FileHandle | undefined
  try {
    // One handle for the look and the read: nothing can take the file's place in between.
    handle = await open(file, 'r')
    const stats = await handle.stat()
    if (!stats.isFile()) throw malformed(file, `not a file, so no ${what}`)
    if ((stats.mode & 0o077) !== 0)
      throw new ChordnsError('KEY_EXPOSED', `the ${what} ${file} can be read by others; run: chmod 600 ${file}`, {
        file,
        mode: stats.mode & 0o777,
      })
    if (stats.size > limits.MAX_KEY_FILE_BYTES) throw malformed(file, `too long for a ${what}`)
    return await handle.readFile('utf8')
  } catch (error) {
    if (error instanceof ChordnsError) throw error
    if (hasCode(error, 'ENOENT'))
      throw new ChordnsError('KEY_MISSING', `there is no ${what} at ${file}: ${MAKE[what]}`, { file }, { cause: error })
    throw new ChordnsError(
      'KEY_UNREADABLE',
      `the ${what} cannot be read: ${fileTrouble(file, error)}`,
      { file },
      { cause: error },
    )
  } finally {
    await handle?.close()
  }
}

function malformed(file: string, what: string) {
  return new ChordnsError('KEY_MALFORMED', `${file}: ${what}`, { file })
}

/** Mode 0600. The file is there whole or not at all, whenever the power fails; a file that is there already is left as it is. */
export async function writeNewPrivateFile(file: string, text: string): Promise<void> {
  const draft = `${file}.${randomBytes(6).toString('hex')}`
  try {
    try {
      const handle = await open(draft, 'wx', 0o600)
      try {
        await handle.writeFile(text)
        await handle.sync()
      } finally {
        await handle.close()
      }
      // Unlike rename, link refuses to replace.
      await link(draft, file)
    } finally {
      await rm(draft, { force: true })
    }
    await syncDirectory(dirname(file))
  } catch (error) {
    if (hasCode(error, 'EEXIST'))
      throw new ChordnsError('KEY_EXISTS', `${file} exists already and is not overwritten`, { file }, { cause: error })
    throw new ChordnsError('KEY_UNWRITABLE', fileTrouble(file, error, 'write'), { file }, { cause: error })
  }
}

async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}

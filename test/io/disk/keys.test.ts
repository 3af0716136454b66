import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ChordnsError, fromHex, toHex } from '../../../src/base/index.ts'
import { ed25519Signer, peerIdFromPublicKey } from '../../../src/crypto/index.ts'
import { createIdentity, createSecret, loadOrCreateIdentity, loadSecret } from '../../../src/io/disk/keys.ts'

let directory: string
let file: string

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'chordns-keys-'))
  file = join(directory, 'secret.key')
})

afterEach(() => rm(directory, { recursive: true }))

async function failure(work: Promise<unknown>): Promise<ChordnsError> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!(error instanceof ChordnsError)) throw new Error(`a ChordnsError was expected, not ${String(error)}`)
  return error
}

const write = (text: string, mode = 0o600) => writeFile(file, text, { mode })
const HEX = '00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff'

describe('the identity of a node', () => {
  it('is made once, for its owner only, and found again', async () => {
    const first = await loadOrCreateIdentity(file)
    expect(first).toHaveLength(32)
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    expect(await loadOrCreateIdentity(file)).toEqual(first)
    expect((await readFile(file, 'utf8')).trim()).toBe(toHex(first))
  })

  it('differs from node to node', async () => {
    expect(await loadOrCreateIdentity(file)).not.toEqual(await loadOrCreateIdentity(join(directory, 'other.key')))
  })

  it('is the same for all who make it at once', async () => {
    const seeds = await Promise.all(Array.from({ length: 10 }, () => loadOrCreateIdentity(file)))
    expect(new Set(seeds.map(toHex)).size).toBe(1)
    expect(await readdir(directory)).toEqual(['secret.key'])
  })

  it('is named by its peer id', async () => {
    const { peer } = await createIdentity(file)
    expect(peer).toBe(peerIdFromPublicKey(ed25519Signer(await loadOrCreateIdentity(file)).publicKey))
  })

  it('is never written over', async () => {
    await write(HEX)
    expect((await failure(createIdentity(file))).code).toBe('KEY_EXISTS')
    expect(await readFile(file, 'utf8')).toBe(HEX)
    expect(await readdir(directory)).toEqual(['secret.key'])
  })

  it.each(['', 'not a key', HEX.slice(2), `${HEX}00`])(
    'is refused, not replaced, when the file holds %j',
    async (text) => {
      await write(text)
      expect((await failure(loadOrCreateIdentity(file))).code).toBe('KEY_MALFORMED')
      expect(await readFile(file, 'utf8')).toBe(text)
    },
  )

  it.each([0o640, 0o604, 0o660, 0o644, 0o610])('is refused when others may use the file (mode %o)', async (mode) => {
    await write(HEX)
    await chmod(file, mode)
    const error = await failure(loadOrCreateIdentity(file))
    expect(error.code).toBe('KEY_EXPOSED')
    expect(error.message).toContain(`chmod 600 ${file}`)
    expect(error.message).not.toContain(HEX.slice(0, 8))
  })

  it('is judged by the file that a link leads to', async () => {
    const target = join(directory, 'target')
    await writeFile(target, HEX, { mode: 0o644 })
    await symlink(target, file)
    expect((await failure(loadOrCreateIdentity(file))).code).toBe('KEY_EXPOSED')
    await chmod(target, 0o600)
    expect(await loadOrCreateIdentity(file)).toEqual(fromHex(HEX))
  })

  it('says which directory is missing', async () => {
    const error = await failure(loadOrCreateIdentity(join(directory, 'none', 'identity.key')))
    expect(error.code).toBe('KEY_UNWRITABLE')
    expect(error.message).toContain(join(directory, 'none'))
  })

  it('is not looked for in what is no file, or too long', async () => {
    await mkdir(file, { mode: 0o700 })
    expect((await failure(loadOrCreateIdentity(file))).code).toBe('KEY_MALFORMED')
    await rm(file, { recursive: true })
    await write('0'.repeat(5_000))
    expect((await failure(loadOrCreateIdentity(file))).code).toBe('KEY_MALFORMED')
  })
})

describe('the secret of a ring', () => {
  it('is made with 32 bytes, for its owner only', async () => {
    await createSecret(file)
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    expect(await loadSecret(file)).toHaveLength(32)
    expect((await failure(createSecret(file))).code).toBe('KEY_EXISTS')
  })

  it('is read as hex or base64url, with or without the end of the line', async () => {
    await write(`${HEX.toUpperCase()}\n`)
    expect(await loadSecret(file)).toEqual(fromHex(HEX))
    await write(Buffer.from(fromHex(HEX)).toString('base64url'))
    expect(await loadSecret(file)).toEqual(fromHex(HEX))
  })

  it.each(['', 'short', HEX.slice(0, 30), 'a pass phrase with spaces in it'])('is refused as %j', async (text) => {
    await write(text)
    const error = await failure(loadSecret(file))
    expect(error.code).toBe('KEY_MALFORMED')
    expect(error.message).toContain('chordns keygen')
  })

  it('is refused when others may read it, and missed when it is not there', async () => {
    expect((await failure(loadSecret(file))).code).toBe('KEY_MISSING')
    await write(HEX, 0o644)
    expect((await failure(loadSecret(file))).code).toBe('KEY_EXPOSED')
  })
})

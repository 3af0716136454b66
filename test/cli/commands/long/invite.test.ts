import { execFile, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { readTerm, readUses, renderInvitations } from '../../../../src/cli/commands/invite.ts'
import { ed25519Signer, peerIdFromPublicKey } from '../../../../src/crypto/index.ts'
import { worthTelling } from '../../../../src/observe/index.ts'
import { encodeToken, signInvitation } from '../../../../src/ring/index.ts'

const CLI = fileURLToPath(new URL('../../../../bin/sources.mjs', import.meta.url))
const open = {
  ringId: 'cabin',
  admission: 'open',
  replicas: 1,
  chunkBits: 6,
  addresses: ['/ip4/192.0.2.1/tcp/4153'],
} as const
const token = encodeToken(open)

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'chordns-join-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

function chordns(args: readonly string[], input = ''): Promise<{ code: number; out: string; error: string }> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [CLI, ...args], { cwd: dir }, (error, out, text) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, out, error: text })
    })
    child.stdin!.end(input)
  })
}

const json = (file: string) => JSON.parse(readFileSync(join(dir, file), 'utf8')) as Record<string, unknown>

/** Each starts a few processes, on a machine that may be busy. */
const SLOW = { timeout: 300_000 }
const running: ReturnType<typeof spawn>[] = []

function writeConfig(where: string, name: string, ring: object): void {
  writeFileSync(join(where, 'root.hints'), '. 3600 IN NS a.\na. 3600 IN A 127.0.0.1\n')
  const base = {
    listen: { udp: ['127.0.0.1:0'], tcp: ['127.0.0.1:0'] },
    iterator: { rootHints: join(where, 'root.hints'), port: 9, queryLoopback: true, ipv6: false },
    dnssec: { validate: false },
    data: join(where, name),
    status: { listen: '127.0.0.1:0' },
    ring: { listen: ['/ip4/127.0.0.1/tcp/0'], ...ring },
  }
  writeFileSync(join(where, `${name}.json`), JSON.stringify(base))
}

/** A node on the loopback, as its configuration says; resolves with its status address. */
function start(config: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [CLI, 'start', '--config', config])
    running.push(child)
    let text = ''
    child.once('exit', () => reject(new Error(`${config} ended`)))
    child.stdout.on('data', (data: Buffer) => {
      text += data.toString()
      const status = /status=(\S+)/.exec(text)?.[1]
      if (status !== undefined) resolve(status)
    })
  })
}

/** One member that invites, for all tests of this file. */
let home: string
let args: string[]
const secretOf = (where: string) => readFileSync(join(where, 'ring.secret'), 'utf8').trim()
async function invite(...more: string[]): Promise<string> {
  const { out, error } = await chordns(['invite', ...args, ...more])
  expect(error).toBe('')
  return out.trim()
}

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'chordns-invite-'))
  writeFileSync(join(home, 'ring.secret'), `${'ab'.repeat(32)}\n`, { mode: 0o600 })
  writeConfig(home, 'first', { id: 'cabin', secretFile: join(home, 'ring.secret'), replicas: 3, chunkBits: 6 })
  const config = join(home, 'first.json')
  args = ['--config', config, '--node', await start(config)]
}, SLOW.timeout)

afterAll(() => {
  for (const child of running) child.kill('SIGKILL')
  rmSync(home, { recursive: true, force: true })
})

describe('chordns join', SLOW, () => {
  it('gets the secret from a member, for its owner only, writes a configuration that is right, and says what is next', async () => {
    const { code, out } = await chordns(['join', '-'], `${await invite()}\n`)
    expect(code).toBe(0)
    expect(out).toContain('chordns start --config resolver.config.json')
    const secret = secretOf(home)
    expect(out).not.toContain(secret)
    expect(readFileSync(join(dir, 'data/ring.secret'), 'utf8').trim()).toBe(secret)
    expect(statSync(join(dir, 'data/ring.secret')).mode & 0o777).toBe(0o600)
    expect(json('resolver.config.json')).toEqual({
      data: 'data',
      ring: {
        enabled: true,
        id: 'cabin',
        admission: 'psk',
        bootstrap: [expect.stringMatching(/^\/ip4\/127\.0\.0\.1\/tcp\/\d+\/p2p\//)],
        secretFile: join('data', 'ring.secret'),
        replicas: 3,
        chunkBits: 6,
      },
    })
    expect((await chordns(['config', 'check'])).code).toBe(0)
  })

  it('leaves what is there, unless it is told to; what is in the way uses up no invitation', async () => {
    const given = await invite()
    writeFileSync(
      join(dir, 'resolver.config.json'),
      '{ "resolver": { "strict": true }, "ring": { "id": "cottage", "share": false } }',
    )
    mkdirSync(join(dir, 'data'))
    writeFileSync(join(dir, 'data/ring.secret'), 'cd'.repeat(32), { mode: 0o600 })
    const refused = await chordns(['join', given])
    expect(refused.code).toBe(2)
    expect(refused.error).toContain('--force')
    expect(json('resolver.config.json')).toEqual({
      resolver: { strict: true },
      ring: { id: 'cottage', share: false },
    })
    expect((await chordns(['join', given, '--force'])).code).toBe(0)
    const { resolver, ring } = json('resolver.config.json')
    expect({ resolver, ring }).toMatchObject({ resolver: { strict: true }, ring: { id: 'cabin', share: false } })
    const secret = secretOf(home)
    expect(readFileSync(join(dir, 'data/ring.secret'), 'utf8').trim()).toBe(secret)
    expect(readFileSync(join(dir, 'data/ring.secret.old'), 'utf8').trim()).toBe('cd'.repeat(32))
  })

  it('joins an open ring without a secret', async () => {
    expect((await chordns(['join', token])).code).toBe(0)
    expect(json('resolver.config.json')['ring']).toEqual({
      enabled: true,
      id: 'cabin',
      admission: 'open',
      bootstrap: ['/ip4/192.0.2.1/tcp/4153'],
      replicas: 1,
      chunkBits: 6,
    })
  })

  it('writes nothing for a token that is damaged, of the version before, or promises what cannot be', async () => {
    expect((await chordns(['join', token.slice(0, -5)])).error).toContain('its end is missing')
    expect((await chordns(['join', `chordns1.${token.slice(9)}`])).error).toContain('run `chordns invite` there again')
    const impossible = encodeToken({ ...open, chunkBits: 99, addresses: ['nonsense'] })
    const { code, error } = await chordns(['join', impossible])
    expect(code).toBe(2)
    expect(error).toContain('ring.chunkBits')
    expect(() => statSync(join(dir, 'data'))).toThrow()
    expect(() => statSync(join(dir, 'resolver.config.json'))).toThrow()
  })

  it('says when no member answers, and writes no configuration', async () => {
    const signer = ed25519Signer(new Uint8Array(32).fill(5))
    const at = Date.now()
    const terms = { id: new Uint8Array(8), uses: 1, at, expires: at + 60_000 }
    const nowhere = encodeToken({
      ringId: 'cabin',
      admission: 'psk',
      invitation: signInvitation('cabin', signer, terms),
      secret: new Uint8Array(32),
      addresses: [`/ip4/127.0.0.1/tcp/1/p2p/${peerIdFromPublicKey(signer.publicKey)}`],
    })
    const { code, error } = await chordns(['join', nowhere])
    expect(code).toBe(1)
    expect(error).toContain('no member lets this machine in')
    expect(() => statSync(join(dir, 'resolver.config.json'))).toThrow()
  })
})

describe('chordns invite', SLOW, () => {
  it('brings a second node onto the ring of the first, which shows who invited it', async () => {
    writeConfig(dir, 'second', {})
    const joined = await chordns(
      ['join', '-', '--config', 'second.json', '--data', 'second', '--force'],
      await invite(),
    )
    expect(joined.error).toBe('')
    const second = await start(join(dir, 'second.json'))
    const members = async (...node: string[]) => JSON.parse((await chordns(['ring', '--json', ...node])).out).members
    for (const node of [['--node', second], args])
      await vi.waitFor(async () => expect(await members(...node)).toHaveLength(2), { timeout: 240_000, interval: 300 })
    expect(json('second.json')['ring']).toMatchObject({ id: 'cabin', replicas: 3, chunkBits: 6 })
    const seen = JSON.parse((await chordns(['ring', '--json', ...args])).out)
    const own = seen.members.find((one: { self: boolean }) => one.self)
    const other = seen.members.find((one: { self: boolean }) => !one.self)
    running.pop()?.kill('SIGKILL')
    expect([own.invitedBy, other.invitedBy]).toEqual([null, own.peer])
    expect((await chordns(['ring', ...args])).out).toContain('invited by')
  })

  it('is good for one machine, once', async () => {
    const given = await invite()
    expect((await chordns(['join', given, '--config', 'a.json', '--data', 'a'])).code).toBe(0)
    // The same machine may ask again: its first reply may have been lost.
    expect((await chordns(['join', given, '--config', 'a.json', '--data', 'a', '--force'])).code).toBe(0)
    const again = await chordns(['join', given, '--config', 'b.json', '--data', 'b'])
    expect([again.code, again.error]).toEqual([1, expect.stringContaining('have used it')])
    expect(() => statSync(join(dir, 'b.json'))).toThrow()
    expect(() => statSync(join(dir, 'b/ring.secret'))).toThrow()
    const listed = JSON.parse((await chordns(['invite', 'list', '--json', ...args])).out)
    expect(listed.at(-1)).toMatchObject({ uses: 1, isRevoked: false, machines: [{ isSurplus: false }] })
  })

  it('can be for several, and is taken back by its id', async () => {
    const made = JSON.parse(await invite('--uses', '3', '--for', '7d', '--json'))
    expect(made).toMatchObject({ uses: 3, ring: 'cabin' })
    const left = Date.parse(made.expires) - Date.now()
    expect(left).toBeGreaterThan(6.99 * 86_400_000)
    expect((await chordns(['join', made.token, '--config', 'a.json', '--data', 'a'])).code).toBe(0)
    expect((await chordns(['invite', ...args, '--revoke', made.id.slice(0, 6)])).out).toContain(`revoked ${made.id}`)
    const late = await chordns(['join', made.token, '--config', 'b.json', '--data', 'b'])
    expect([late.code, late.error]).toEqual([1, expect.stringContaining('was revoked')])
    expect((await chordns(['invite', 'list', ...args])).out).toMatch(/1 of 3.*revoked/)
    expect((await chordns(['invite', ...args, '--revoke', 'ffff'])).error).toContain('no invitation has an id')
  })

  it('takes numbers and times that are right, and says what it takes', () => {
    expect([readUses('1'), readUses('256'), readTerm('30m'), readTerm('24h'), readTerm('30d')]).toEqual([
      1, 256, 1_800_000, 86_400_000, 2_592_000_000,
    ])
    for (const text of ['0', '257', '-1', '1.5', 'x', '']) expect(() => readUses(text)).toThrow('from 1 to 256')
    for (const text of ['0m', '31d', '5', 'd', '1w', '-1h']) expect(() => readTerm(text)).toThrow('like 30m')
  })

  it('lists what is open, used, revoked and over, and machines that were one too many', () => {
    const base = { id: 'aa'.repeat(8), inviter: 'inviter-12345678', uses: 1, at: 0, expires: 1_000, isRevoked: false }
    const machine = { peer: 'machine-87654321', door: 'inviter-12345678', at: 1, isSurplus: false }
    const text = renderInvitations(
      {
        invitations: [
          { ...base, machines: [] },
          { ...base, machines: [machine, { ...machine, isSurplus: true }] },
          { ...base, isRevoked: true, machines: [] },
          { ...base, expires: 10, machines: [] },
        ],
      },
      100,
    )
    expect(text.split('\n').map((line) => line.split(/ {2,}/).slice(2).join('|'))).toEqual([
      'used|until|state|machines',
      '0 of 1|1970-01-01T00:00|open',
      '1 of 1|1970-01-01T00:00|used|87654321 87654321 (one too many)',
      '0 of 1|1970-01-01T00:00|revoked',
      '0 of 1|1970-01-01T00:00|expired',
    ])
    expect(renderInvitations({ invitations: [] }, 0)).toContain('no invitations')
  })

  it('tells addresses of the loopback only where there are no others', () => {
    const inner = ['/ip4/127.0.0.1/tcp/1/p2p/a', '/ip6/::1/tcp/1/p2p/a']
    expect(worthTelling([{ addresses: inner }])).toEqual(inner)
    expect(worthTelling([{ addresses: [...inner, '/ip4/192.0.2.1/tcp/1'] }])).toEqual(['/ip4/192.0.2.1/tcp/1'])
  })
})

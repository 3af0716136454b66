import { execFile, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { worthTelling } from '../../../src/cli/commands/invite.ts'
import { encodeInvitation, type Invitation } from '../../../src/ring/index.ts'

const CLI = fileURLToPath(new URL('../../../src/cli.ts', import.meta.url))
const SECRET = 'ab'.repeat(32)
const invitation: Invitation = {
  ringId: 'cabin',
  admission: 'psk',
  secret: new Uint8Array(32).fill(0xab),
  replicas: 1,
  chunkBits: 6,
  addresses: ['/ip4/192.0.2.1/tcp/4153'],
}
const token = encodeInvitation(invitation)

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

describe('chordns join', () => {
  it('writes the secret for its owner only and a configuration that is right, and says what is next', async () => {
    const { code, out } = await chordns(['join', '-'], `${token}\n`)
    expect(code).toBe(0)
    expect(out).toContain('chordns start --config resolver.config.json')
    expect(out).not.toContain(SECRET)
    expect(readFileSync(join(dir, 'data/ring.secret'), 'utf8').trim()).toBe(SECRET)
    expect(statSync(join(dir, 'data/ring.secret')).mode & 0o777).toBe(0o600)
    expect(json('resolver.config.json')).toEqual({
      data: 'data',
      ring: {
        enabled: true,
        id: 'cabin',
        admission: 'psk',
        bootstrap: ['/ip4/192.0.2.1/tcp/4153'],
        secretFile: join('data', 'ring.secret'),
        replicas: 1,
        chunkBits: 6,
      },
    })
    expect((await chordns(['config', 'check'])).code).toBe(0)
  })

  it('leaves what is there, unless it is told to', async () => {
    writeFileSync(join(dir, 'resolver.config.json'), '{ "resolver": { "strict": true }, "ring": { "share": false } }')
    mkdirSync(join(dir, 'data'))
    writeFileSync(join(dir, 'data/ring.secret'), 'cd'.repeat(32), { mode: 0o600 })
    const refused = await chordns(['join', token])
    expect(refused.code).toBe(2)
    expect(refused.error).toContain('--force')
    expect(json('resolver.config.json')).toEqual({ resolver: { strict: true }, ring: { share: false } })
    expect((await chordns(['join', token, '--force'])).code).toBe(0)
    const { resolver, ring } = json('resolver.config.json')
    expect({ resolver, ring }).toMatchObject({ resolver: { strict: true }, ring: { id: 'cabin', share: false } })
    expect(readFileSync(join(dir, 'data/ring.secret'), 'utf8').trim()).toBe(SECRET)
    expect(readFileSync(join(dir, 'data/ring.secret.old'), 'utf8').trim()).toBe('cd'.repeat(32))
  })

  it('writes nothing for a token that is damaged or promises what cannot be', async () => {
    expect((await chordns(['join', token.slice(0, -5)])).error).toContain('its end is missing')
    const impossible = encodeInvitation({ ...invitation, chunkBits: 99, addresses: ['nonsense'] })
    const { code, error } = await chordns(['join', impossible])
    expect(code).toBe(2)
    expect(error).toContain('ring.chunkBits')
    expect(() => statSync(join(dir, 'data'))).toThrow()
    expect(() => statSync(join(dir, 'resolver.config.json'))).toThrow()
  })
})

describe('chordns invite', () => {
  it('brings a second node onto the ring of the first', async () => {
    writeFileSync(join(dir, 'root.hints'), '. 3600 IN NS a.\na. 3600 IN A 127.0.0.1\n')
    await chordns(['keygen', '--secret', 'ring.secret'])
    const config = (name: string, ring: object) => {
      const base = {
        listen: { udp: ['127.0.0.1:0'], tcp: ['127.0.0.1:0'] },
        iterator: { rootHints: join(dir, 'root.hints'), port: 9, queryLoopback: true, ipv6: false },
        dnssec: { validate: false },
        data: join(dir, name),
        status: { listen: '127.0.0.1:0' },
        ring: { listen: ['/ip4/127.0.0.1/tcp/0'], ...ring },
      }
      writeFileSync(join(dir, `${name}.json`), JSON.stringify(base))
    }
    config('first', { id: 'cabin', secretFile: join(dir, 'ring.secret'), replicas: 3, chunkBits: 6 })
    config('second', {})
    const running: ReturnType<typeof spawn>[] = []
    const start = (name: string) =>
      new Promise<string>((resolve, reject) => {
        const child = spawn(process.execPath, [CLI, 'start', '--config', `${name}.json`], { cwd: dir })
        running.push(child)
        let text = ''
        child.once('exit', () => reject(new Error(`${name} ended`)))
        child.stdout.on('data', (data: Buffer) => {
          text += data.toString()
          const status = /status=(\S+)/.exec(text)?.[1]
          if (status !== undefined) resolve(status)
        })
      })
    try {
      const first = await start('first')
      const invited = await chordns(['invite', '--config', 'first.json', '--node', first])
      expect(invited.error).toBe('')
      const joined = await chordns(['join', '-', '--config', 'second.json', '--data', 'second', '--force'], invited.out)
      expect(joined.error).toBe('')
      const second = await start('second')
      const members = async () => JSON.parse((await chordns(['ring', '--json', '--node', second])).out).members.length
      for (let i = 0; i < 40 && (await members()) < 2; i++) await new Promise((resolve) => setTimeout(resolve, 100))
      expect(await members()).toBe(2)
      expect(json('second.json')['ring']).toMatchObject({ id: 'cabin', replicas: 3, chunkBits: 6 })
    } finally {
      for (const child of running) child.kill('SIGKILL')
    }
  }, 30_000)

  it('tells addresses of the loopback only where there are no others', () => {
    const inner = ['/ip4/127.0.0.1/tcp/1/p2p/a', '/ip6/::1/tcp/1/p2p/a']
    expect(worthTelling([{ addresses: inner }])).toEqual(inner)
    expect(worthTelling([{ addresses: [...inner, '/ip4/192.0.2.1/tcp/1'] }])).toEqual(['/ip4/192.0.2.1/tcp/1'])
  })
})

/** What `npm pack` makes, as somebody has it who installed it: an ordinary user, a path with spaces, an older Node on the machine. */
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { until } from './scenes/asking.ts'

const NOBODY = 65_534
const ROOT = resolve(import.meta.dirname, '../..')

/** Nobody, where these tests run as root and the checkout is not in a directory of root's own. */
function ordinaryUser(): { readonly uid?: number; readonly gid?: number } {
  const nobody = { uid: NOBODY, gid: NOBODY }
  if (process.getuid?.() !== 0) return {}
  return spawnSync('test', ['-r', join(ROOT, 'package.json')], nobody).status === 0 ? nobody : {}
}

describe('the packed program', () => {
  const dir = mkdtempSync(join(tmpdir(), 'chordns package '))
  const home = join(dir, 'lib', 'package')
  const command = join(dir, 'bin', 'chordns')
  const user = ordinaryUser()
  /** The machine has another Node, which refuses to run this. */
  const env = { PATH: `${join(dir, 'old')}:/usr/bin:/bin`, HOME: dir }

  beforeAll(() => {
    chmodSync(dir, 0o755)
    for (const name of ['lib', 'bin', 'old', 'data']) mkdirSync(join(dir, name))
    chmodSync(join(dir, 'data'), 0o777)
    execFileSync('npm', ['pack', '--silent', '--pack-destination', dir], { cwd: ROOT })
    execFileSync('sh', ['-c', `tar xf "$1"/chordns-*.tgz -C "$1"/lib`, 'sh', dir])
    // What npm would install beside it: in the package, or, as here, next to it.
    symlinkSync(join(ROOT, 'node_modules'), join(dir, 'lib', 'node_modules'))
    for (const name of ['x64', 'arm64']) {
      const runtime = join(ROOT, 'node_modules', `node-linux-${name}`)
      if (existsSync(runtime)) symlinkSync(runtime, join(dir, 'lib', `node-linux-${name}`))
    }
    symlinkSync(join(home, 'bin', 'chordns'), command)
    writeFileSync(join(dir, 'old', 'node'), '#!/bin/sh\necho v18.0.0\nexit 9\n', { mode: 0o755 })
  })

  afterAll(() => rmSync(dir, { recursive: true, force: true }))

  it('has its command, which finds the Node that was installed with it', () => {
    const said = execFileSync(command, ['--version'], { ...user, env, cwd: dir, encoding: 'utf8' })
    expect(said).toMatch(/^\d+\.\d+\.\d+\n$/)
  })

  it('runs a node, with its worker threads and files, and stops in order', async () => {
    writeFileSync(join(dir, 'hints'), '. 3600 NS ns.test.\nns.test. 3600 A 127.0.0.1\n')
    const settings = [
      'listen={"udp":["127.0.0.1:0"],"tcp":["127.0.0.1:0"]}',
      'status.listen=127.0.0.1:0',
      'ring.listen=["/ip4/127.0.0.1/tcp/0"]',
      'ring.mdns=false',
      `iterator.rootHints=${join(dir, 'hints')}`,
      'iterator.queryLoopback=true',
      'iterator.port=9',
      'local.records=["printer.test A 192.0.2.9"]',
    ].flatMap((one) => ['--set', one])
    const child = spawn(command, ['start', ...settings], {
      ...user,
      env: { ...env, STATE_DIRECTORY: join(dir, 'data') },
      cwd: '/',
    })
    let out = ''
    let log = ''
    child.stdout.on('data', (text) => {
      out += text
    })
    child.stderr.on('data', (text) => {
      log += text
    })
    const ended = new Promise((go) => child.once('exit', go))
    try {
      const ready = await until(
        'the node to be ready',
        () => /^ready udp=\S+:(\d+).* status=(\S+)/.exec(out) ?? undefined,
        () => out + log.slice(-2_000),
      )
      const asked = ['lookup', 'printer.test', '--node', ready[2]!]
      expect(execFileSync(command, asked, { ...user, env, cwd: dir, encoding: 'utf8' })).toContain('192.0.2.9')
      expect(existsSync(join(dir, 'data', 'data.db'))).toBe(true)
      const page = async (path: string) => {
        const reply = await fetch(`http://${ready[2]}${path}`)
        return { status: reply.status, text: await reply.text() }
      }
      expect((await page('/metrics')).text).toMatch(/^chordns_serve_queries_total \d+$/m)
      expect(await page('/healthz')).toMatchObject({ status: 200 })
      // No root server answers here.
      expect(await page('/readyz')).toEqual({ status: 503, text: '{"ready":false}\n' })
    } finally {
      child.kill('SIGTERM')
    }
    expect(await ended).toBe(0)
  })
})

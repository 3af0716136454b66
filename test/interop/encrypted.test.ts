/**
 * `chordns start` with DNS over TLS and HTTPS, as kdig and curl see it: under a certificate of its own making, by its file and by its pin. And as fstrm_capture
 * and dnstap-ldns see what was asked.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { framesOf, messageOf } from '../observe/dnstap/reading.ts'
import { available } from './namespace.ts'
import { CLI, said, saidJson, until } from './scenes/asking.ts'

const run = promisify(execFile)
const runnable = available('kdig') && available('curl')
if (!runnable) console.warn('skipped: the test of encrypted DNS needs kdig and curl')
const captures = available('fstrm_capture', 'dnstap-ldns')
if (!captures) console.warn('skipped: the test of dnstap needs fstrm_capture and dnstap-ldns')

describe.skipIf(!runnable)('encrypted DNS', () => {
  const dir = mkdtempSync(join(tmpdir(), 'chordns-encrypted-'))
  const file = join(dir, 'resolver.config.json')
  const certificate = join(dir, 'data', 'tls.crt')
  const socket = join(dir, 'tap.sock')
  const captured = join(dir, 'captured.tap')
  let node: ChildProcess
  let capture: ChildProcess | undefined
  let web: Server
  let log = ''
  let ready = ''

  const portOf = (protocol: string) => new RegExp(`${protocol}=127\\.0\\.0\\.1:(\\d+)`).exec(ready)![1]!
  const kdig = async (...args: string[]) =>
    (await run('kdig', ['@127.0.0.1', '+short', '+timeout=40', '+retry=0', ...args])).stdout.trim()
  const overTls = (...args: string[]) => kdig('-p', portOf('tls'), '+tls', ...args, 'nas.lan')
  const overHttps = (...args: string[]) => kdig('-p', portOf('https'), '+https', ...args, 'nas.lan')
  const settings = (change: object = {}) =>
    writeFileSync(
      file,
      JSON.stringify({
        listen: Object.fromEntries(['udp', 'tcp', 'tls', 'https'].map((one) => [one, ['127.0.0.1:0']])),
        tls: { name: 'dns.home.arpa' },
        local: { records: ['nas.lan A 127.0.0.1'] },
        queries: { privacy: 'full', dnstap: { socket, identity: 'box', version: true } },
        ring: { enabled: false },
        status: { listen: false },
        data: join(dir, 'data'),
        ...change,
      }),
    )

  beforeAll(async () => {
    settings()
    if (captures) {
      capture = spawn('fstrm_capture', ['-t', 'protobuf:dnstap.Dnstap', '-u', socket, '-w', captured])
      await until('the reader listens', () => existsSync(socket))
    }
    node = spawn(process.execPath, [CLI, 'start', '--config', file])
    node.stderr!.on('data', (chunk) => {
      log += String(chunk)
    })
    node.stdout!.on('data', (chunk) => {
      ready += String(chunk)
    })
    await until('the node is ready', () => ready.includes('\n'))
    web = createServer((_request, response) => response.end('found'))
    await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve))
  })

  afterAll(async () => {
    web?.close()
    capture?.kill('SIGTERM')
    if (node !== undefined) {
      const ended = new Promise((resolve) => node.once('exit', resolve))
      node.kill('SIGTERM')
      await ended
    }
    rmSync(dir, { recursive: true, force: true })
  })

  it('kdig asks over TLS, with the certificate, the pin, and the name', async () => {
    const { pin } = (await saidJson('tls', 'show', '--config', file)) as { readonly pin: string }
    expect(await overTls(`+tls-ca=${certificate}`, '+tls-hostname=dns.home.arpa')).toBe('127.0.0.1')
    expect(await overTls(`+tls-pin=${pin}`)).toBe('127.0.0.1')
    await expect(overTls(`+tls-ca=${certificate}`, '+tls-hostname=other.home.arpa')).rejects.toThrow()
    await expect(overTls(`+tls-pin=${Buffer.alloc(32).toString('base64')}`)).rejects.toThrow()
    const padded = ['-p', portOf('tls'), '+tls', '+noshort', '+padding', 'nas.lan']
    const { stdout } = await run('kdig', ['@127.0.0.1', ...padded])
    expect(stdout).toMatch(/Received 468 B/)
  })

  it('kdig asks over HTTPS, by POST and GET', async () => {
    const known = [`+tls-ca=${certificate}`, '+tls-hostname=dns.home.arpa']
    expect(await overHttps(...known)).toBe('127.0.0.1')
    expect(await overHttps(...known, '+https-get')).toBe('127.0.0.1')
  })

  it('kdig keeps a connection for several questions', async () => {
    const [tls, name] = [portOf('tls'), 'nas.lan']
    expect(await kdig('-p', tls, '+tls', '+keepopen', name, name, name)).toBe('127.0.0.1\n127.0.0.1\n127.0.0.1')
  })

  it('curl finds a web server by it, on HTTP/2 and HTTP/1.1', async () => {
    const { port } = web.address() as { readonly port: number }
    const doh = `https://127.0.0.1:${portOf('https')}/dns-query`
    const page = ['-sS', '--max-time', '20', '--cacert', certificate, '--doh-url', doh, `http://nas.lan:${port}/`]
    expect((await run('curl', page)).stdout).toBe('found')
    const query = Buffer.from('00000100000100000000000003' + '6e6173036c616e0000010001', 'hex').toString('base64url')
    for (const version of ['--http2', '--http1.1']) {
      const asked = ['-sS', '--cacert', certificate, version, '-o', '/dev/null']
      const { stdout } = await run('curl', [...asked, '-w', '%{http_code} %{http_version}', `${doh}?dns=${query}`])
      expect(stdout).toBe(version === '--http2' ? '200 2' : '200 1.1')
    }
  })

  it('is found by who asks for its encrypted ways', async () => {
    const told = await kdig('-p', portOf('udp'), '_dns.resolver.arpa', 'SVCB')
    expect(told.split('\n')).toEqual([
      expect.stringContaining(`1 dns.home.arpa. alpn=dot port=${portOf('tls')}`),
      expect.stringContaining(`2 dns.home.arpa. alpn=h2,http/1.1 port=${portOf('https')}`),
    ])
  })

  it.skipIf(!captures)('fstrm_capture takes what was asked and answered, and dnstap-ldns reads it', async () => {
    expect(await kdig('-p', portOf('udp'), 'nas.lan')).toBe('127.0.0.1')
    // Without a reader in its configuration the node says that it was all, and waits until that was heard.
    settings({ queries: { privacy: 'full' } })
    node.kill('SIGHUP')
    await until('the configuration is in force', () => log.includes('queries.dnstap.socket'))
    const connections = () => readFileSync('/proc/net/unix', 'utf8').split(socket).length - 2
    await until('the reader has heard that it was all', () => connections() === 0)
    const ended = new Promise((resolve) => capture!.once('exit', resolve))
    capture!.kill('SIGTERM')
    await ended
    const frames = framesOf(readFileSync(captured))
    expect(frames).toMatchObject({ control: [2, 3], rest: 0 })
    const lines = (await run('dnstap-ldns', ['-q', '-r', captured])).stdout.split('\n')
    // It names the transports that were there when it was made: TLS and HTTPS are question marks.
    for (const line of ['CQ 127.0.0.1 UDP', 'CR 127.0.0.1 UDP', 'CQ 127.0.0.1 ?', 'CR 127.0.0.1 ?'])
      expect(lines.filter((one) => one.includes(line) && one.endsWith('"nas.lan." IN A'))).not.toHaveLength(0)
    const messages = frames.payloads.map(messageOf)
    for (const protocol of [1, 3, 4])
      for (const type of [5, 6])
        expect(messages).toContainEqual(
          expect.objectContaining({
            type,
            protocol,
            family: 1,
            identity: 'box',
            queryAddress: Uint8Array.of(127, 0, 0, 1),
          }),
        )
  })

  it('shows another certificate after SIGHUP, and keeps the old one when it is told nonsense', async () => {
    const [given, key] = [join(dir, 'given.crt'), join(dir, 'given.key')]
    writeFileSync(given, 'nonsense')
    copyFileSync(join(dir, 'data', 'tls.key'), key)
    const tls = { name: 'dns.home.arpa', certificateFile: given, keyFile: key }
    settings({ tls })
    node.kill('SIGHUP')
    await until('the log says so', () => log.includes('TLS_CERTIFICATE'))
    expect(await overTls(`+tls-ca=${certificate}`, '+tls-hostname=dns.home.arpa')).toBe('127.0.0.1')

    // Of another node with another key.
    const other = join(dir, 'other')
    writeFileSync(
      join(dir, 'other.json'),
      JSON.stringify({ listen: { tls: ['127.0.0.1:853'] }, tls: { name: 'new.home.arpa' }, data: other }),
    )
    await said('tls', 'show', '--config', join(dir, 'other.json'))
    copyFileSync(join(other, 'tls.crt'), given)
    copyFileSync(join(other, 'tls.key'), key)
    node.kill('SIGHUP')
    await until('the new certificate', async () => {
      expect(await overTls(`+tls-ca=${given}`, '+tls-hostname=new.home.arpa')).toBe('127.0.0.1')
      return true
    })
  })
})

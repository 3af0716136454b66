/** Blocking as a household meets it: a list that only this node can find, groups by prefix, allow, pause, aliases, and dig as the client. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { filterView, settingsView, whyView } from '../../src/observe/index.ts'
import { available, Namespace } from './namespace.ts'
import { CLI, comesTrue, until } from './scenes/asking.ts'

const SCENES = new URL('./scenes/', import.meta.url)
const scene = (name: string) => fileURLToPath(new URL(name, SCENES))
const runnable = available('dig', 'curl', 'knotd')
if (!runnable) console.warn('skipped: the test of blocking needs root, ip, dig, curl and knotd')

const WORLD_PORT = 20_053
const POLICY_PORT = 5_355
const [BOX, KID, ADULT, LIST_HOST] = ['10.9.0.1', '10.9.0.40', '10.9.0.99', '10.9.0.80'] as const

describe.skipIf(!runnable)('blocking', () => {
  const dir = mkdtempSync(join(tmpdir(), 'chordns-filter-'))
  let ns: Namespace
  let log = ''
  /** As the server wrote them down: the test waits for commands, and hears nothing meanwhile. */
  const requests = () => readFileSync(`${list}.requests`, 'utf8').trim().split('\n')

  function dig(client: string, name: string, type: string) {
    const text = ns.run('dig', ['-b', client, '+time=30', '+tries=2', '-p', '53', `@${BOX}`, name, type])
    const [, rcode] = /status: (\w+)/.exec(text) ?? []
    const answers = [...text.matchAll(/^[^;\s]\S*\s+\d+\s+IN\s+(?:A|AAAA)\s+(\S+)$/gm)].map((match) => match[1])
    const [, ede] = /EDE: (.*)/.exec(text) ?? []
    return { rcode, answers, ede }
  }
  /** The reply in words of dig: code, addresses, and what the extended error says. A busy machine may be too slow for the authorities: then again. */
  const ask = (client: string, name: string, type = 'A') =>
    until(
      `an answer for ${name}`,
      () => {
        const reply = dig(client, name, type)
        return reply.rcode !== 'SERVFAIL' && reply
      },
      () => log,
    )
  const command = (...args: string[]) => ns.run(process.execPath, [CLI, ...args, '--json'])
  /** As the commands do it. */
  function status(path: string, method: 'GET' | 'POST' = 'POST'): unknown {
    const url = `http://127.0.0.1:8053${path}`
    return JSON.parse(ns.run('curl', ['-s', '--max-time', '200', '-X', method, '-H', 'X-Chordns: 1', url]))
  }
  const list = join(dir, 'list.txt')
  const SECRET = Buffer.from('a secret of both sides').toString('base64')
  const writePolicy = (serial: number, name: string) =>
    writeFileSync(
      join(dir, 'rpz.zone'),
      `$ORIGIN rpz.org.\n$TTL 60\n@ SOA ns.org. mail.org. ${serial} 3600 600 86400 60\n@ NS ns.org.\n${name} CNAME .\n`,
    )

  /** A primary of others for a policy zone, with a key. */
  async function startPrimary(): Promise<void> {
    writePolicy(1, 'bad.zone1.org')
    writeFileSync(join(dir, 'rpz.secret'), SECRET)
    mkdirSync(join(dir, 'knot'))
    const config = join(dir, 'knot.conf')
    writeFileSync(
      config,
      `server:\n  rundir: "${dir}/knot"\n  listen: [${LIST_HOST}@${POLICY_PORT}]\n  udp-workers: 1\n  tcp-workers: 1\n  background-workers: 1\n` +
        `control:\n  listen: "${dir}/knot.sock"\nlog:\n  - target: stderr\n    any: warning\ndatabase:\n  storage: "${dir}/knot"\n` +
        `key:\n  - id: policy.key.\n    algorithm: hmac-sha256\n    secret: ${SECRET}\n` +
        `remote:\n  - id: box\n    address: ${BOX}\n    via: ${LIST_HOST}\nacl:\n  - id: xfr\n    key: policy.key.\n    action: transfer\n` +
        `zone:\n  - domain: rpz.org.\n    file: "${join(dir, 'rpz.zone')}"\n    notify: box\n    acl: xfr\n    zonefile-load: difference\n    zonefile-sync: -1\n    journal-content: all\n`,
    )
    ns.spawn('knotd', ['-c', config]).stderr!.on('data', (chunk) => {
      log = (log + String(chunk)).slice(-20_000)
    })
    const soa = ['+short', '+time=1', '+tries=1', '-p', String(POLICY_PORT), `@${LIST_HOST}`, 'rpz.org', 'SOA']
    await until(
      'the primary answers',
      () => {
        try {
          return ns.run('dig', soa).includes('mail.org.')
        } catch {
          return false
        }
      },
      () => log,
    )
  }

  async function linesUntilReady(child: ReturnType<Namespace['spawn']>, ready: RegExp): Promise<string[]> {
    child.stderr!.on('data', (chunk) => {
      log = (log + String(chunk)).slice(-20_000)
    })
    const lines: string[] = []
    const reader = createInterface({ input: child.stdout! })
    await new Promise<void>((resolve, reject) => {
      child.once('exit', () => reject(new Error(`it ended before it was ready:\n${log}`)))
      reader.on('line', (line) => {
        lines.push(line)
        if (ready.test(line)) resolve()
      })
    })
    return lines
  }

  beforeAll(async () => {
    ns = new Namespace('filter')
    for (const address of [BOX, KID, ADULT, LIST_HOST]) ns.addAddress(address)
    // Whoever asks the system's resolver, asks nobody.
    ns.resolvConf('nameserver 10.9.0.200\n')
    writeFileSync(list, '! a list\n||ads.zone0.org^\n0.0.0.0 tracker.zone1.org\n')
    writeFileSync(join(dir, 'social.txt'), 'social.zone2.org\n')
    const more = JSON.stringify({
      'lists.org.': `@ 3600 A ${LIST_HOST}`,
      'shop.org.': 'metrics 3600 CNAME tracker.zone1.org.\nwww 3600 A 192.0.2.8',
    })
    const world = ns.spawn(process.execPath, [scene('world-process.ts'), String(WORLD_PORT), '3', more])
    const hints = await linesUntilReady(world, /^ready$/)
    writeFileSync(join(dir, 'root.hints'), `${hints.slice(0, -1).join('\n')}\n`)
    await linesUntilReady(ns.spawn(process.execPath, [scene('list-server.ts'), LIST_HOST, list]), /^ready$/)
    await startPrimary()
    const tsig = { name: 'policy.key', secretFile: join(dir, 'rpz.secret') }
    const rpz = { zone: 'rpz.org', primaries: [`${LIST_HOST}:${POLICY_PORT}`], tsig }
    const config = {
      listen: { udp: [`${BOX}:53`], tcp: [`${BOX}:53`] },
      access: { allow: ['10.9.0.0/24'] },
      iterator: { rootHints: join(dir, 'root.hints'), port: WORLD_PORT, queryLoopback: true, ipv6: false },
      dnssec: { validate: false },
      filter: {
        lists: {
          ads: { source: 'http://lists.org/list.txt' },
          social: { source: join(dir, 'social.txt') },
          policy: { rpz },
        },
        groups: { kids: { clients: ['10.9.0.32/28'] }, default: { lists: ['ads', 'policy'] } },
      },
      status: { listen: '127.0.0.1:8053' },
      data: dir,
    }
    writeFileSync(join(dir, 'resolver.config.json'), JSON.stringify(config))
    const node = ns.spawn(process.execPath, [CLI, 'start', '--config', join(dir, 'resolver.config.json')])
    await linesUntilReady(node, /^ready /)
    await comesTrue(
      'the lists are in force',
      () => {
        const { lists } = filterView.parse(status('/filter', 'GET'))
        expect(lists.map(({ name, entries }) => [name, entries])).toEqual([
          ['ads', 2],
          ['social', 1],
          ['policy', 1],
        ])
      },
      () => log,
    )
  })

  afterAll(async () => {
    await ns?.close()
    rmSync(dir, { recursive: true, force: true })
  })

  it('fetches a list from a host that only this node can find', () => {
    expect(requests()).toContain('lists.org 200')
  })

  it('answers blocked names with null addresses and the name of the list, twice alike', async () => {
    for (let i = 0; i < 3; i++) {
      expect(await ask(ADULT, 'ads.zone0.org')).toEqual({
        rcode: 'NOERROR',
        answers: ['0.0.0.0'],
        ede: '15 (Blocked): (blocked by ads)',
      })
      expect((await ask(ADULT, 'x.ads.zone0.org', 'AAAA')).answers).toEqual(['::'])
      expect(await ask(ADULT, 'www.zone0.org')).toEqual({ rcode: 'NOERROR', answers: ['192.0.2.7'], ede: undefined })
    }
  })

  it('blocks what a name is an alias of, and nothing else of its zone', async () => {
    for (let i = 0; i < 3; i++) {
      expect((await ask(ADULT, 'metrics.shop.org')).answers).toEqual(['0.0.0.0'])
      expect((await ask(ADULT, 'www.shop.org')).answers).toEqual(['192.0.2.8'])
    }
  })

  it('never gives a client the answer of another group', async () => {
    for (let i = 0; i < 4; i++) {
      expect((await ask(ADULT, 'social.zone2.org')).answers).toEqual(['192.0.2.7'])
      expect((await ask(KID, 'social.zone2.org')).answers).toEqual(['0.0.0.0'])
    }
  })

  it('says why', () => {
    const why = (query: string) => whyView.parse(status(`/filter/why?${query}`, 'GET'))
    expect(whyView.parse(JSON.parse(command('why', 'x.ads.zone0.org')))).toMatchObject({
      verdict: 'blocked',
      group: 'default',
      by: { list: 'ads', line: 2, text: '||ads.zone0.org^', matched: 'ads.zone0.org' },
    })
    expect(why(`name=social.zone2.org&client=${KID}`)).toMatchObject({ verdict: 'blocked', group: 'kids' })
    expect(why(`name=social.zone2.org&client=${ADULT}`)).toMatchObject({ verdict: 'pass', rules: [{ list: 'social' }] })
  })

  it('allows, blocks and pauses by command, at once', async () => {
    command('allow', 'ads.zone0.org')
    expect((await ask(ADULT, 'ads.zone0.org')).answers).toEqual(['192.0.2.7'])
    status('/filter/forget?name=ads.zone0.org')
    expect((await ask(ADULT, 'ads.zone0.org')).answers).toEqual(['0.0.0.0'])
    status('/filter/block?name=www.zone2.org&group=kids')
    expect(await ask(KID, 'www.zone2.org')).toMatchObject({
      answers: ['0.0.0.0'],
      ede: '15 (Blocked): (blocked by own rules)',
    })
    expect((await ask(ADULT, 'www.zone2.org')).answers).toEqual(['192.0.2.7'])
    status('/filter/pause?minutes=60&group=kids')
    expect((await ask(KID, 'social.zone2.org')).answers).toEqual(['192.0.2.7'])
    expect((await ask(ADULT, 'ads.zone0.org')).answers).toEqual(['0.0.0.0'])
    status('/filter/resume')
    expect((await ask(KID, 'social.zone2.org')).answers).toEqual(['0.0.0.0'])
    const { settings } = settingsView.parse(status('/settings?prefix=', 'GET'))
    expect(settings.filter(({ key }) => /^(rule|pause)/.test(key))).toEqual([
      { key: 'rule/kids/||www.zone2.org^', value: 'block' },
    ])
  })

  it('takes a policy zone by transfer with TSIG, and what differs when its primary notifies', async () => {
    const told = (name: string) => ask(ADULT, name).then(({ rcode, ede }) => [rcode, ede])
    const blocked = ['NXDOMAIN', '15 (Blocked): (blocked by policy)']
    expect(await told('bad.zone1.org')).toEqual(blocked)
    writePolicy(2, 'worse.zone1.org')
    ns.run('knotc', ['-s', join(dir, 'knot.sock'), 'zone-reload', 'rpz.org'])
    await until(
      'the zone is taken anew',
      async () => (await told('worse.zone1.org'))[1] === blocked[1],
      () => log,
    )
    expect((await told('bad.zone1.org'))[1]).toBeUndefined()
    expect(log).toMatch(/"added":1,"deleted":1.*a zone has changed, and came as differences/)
  })

  it('takes a list up anew when it has changed, and asks for it only then', async () => {
    status('/filter/update')
    expect(requests().at(-1)).toBe('lists.org 304')
    writeFileSync(list, '||other.zone0.org^\n')
    command('lists', '--update')
    expect(requests().at(-1)).toBe('lists.org 200')
    expect((await ask(ADULT, 'other.zone0.org')).answers).toEqual(['0.0.0.0'])
    expect((await ask(ADULT, 'ads.zone0.org')).answers).toEqual(['192.0.2.7'])
    // A page that is no list.
    writeFileSync(list, '<html>log in</html>\n')
    const { lists } = filterView.parse(status('/filter/update'))
    expect(lists[0]).toMatchObject({ name: 'ads', entries: 1, trouble: expect.stringMatching(/no rule/) })
    expect((await ask(ADULT, 'other.zone0.org')).answers).toEqual(['0.0.0.0'])
  })
})

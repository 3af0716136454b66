/** Blocking as a household meets it: a list that only this node can find, groups by prefix, allow, pause, aliases, and dig as the client. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { filterView, whyView } from '../../src/observe/index.ts'
import { available, Namespace } from './namespace.ts'
import { CLI, comesTrue } from './scenes/asking.ts'

const SCENES = new URL('./scenes/', import.meta.url)
const scene = (name: string) => fileURLToPath(new URL(name, SCENES))
const runnable = available('dig')
if (!runnable) console.warn('skipped: the test of blocking needs root, ip and dig')

const WORLD_PORT = 20_053
const [BOX, KID, ADULT, LIST_HOST] = ['10.9.0.1', '10.9.0.40', '10.9.0.99', '10.9.0.80'] as const

describe.skipIf(!runnable)('blocking', () => {
  const dir = mkdtempSync(join(tmpdir(), 'chordns-filter-'))
  let ns: Namespace
  let log = ''
  /** As the server wrote them down: the test waits for commands, and hears nothing meanwhile. */
  const requests = () => readFileSync(`${list}.requests`, 'utf8').trim().split('\n')

  /** The reply in words of dig: code, addresses, and what the extended error says. */
  function ask(client: string, name: string, type = 'A') {
    const text = ns.run('dig', ['-b', client, '+time=30', '+tries=2', '-p', '53', `@${BOX}`, name, type])
    const [, rcode] = /status: (\w+)/.exec(text) ?? []
    const answers = [...text.matchAll(/^[^;\s]\S*\s+\d+\s+IN\s+(?:A|AAAA)\s+(\S+)$/gm)].map((match) => match[1])
    const [, ede] = /EDE: (.*)/.exec(text) ?? []
    return { rcode, answers, ede }
  }
  const command = (...args: string[]) => ns.run(process.execPath, [CLI, ...args, '--json'])
  const list = join(dir, 'list.txt')

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
    const config = {
      listen: { udp: [`${BOX}:53`], tcp: [`${BOX}:53`] },
      access: { allow: ['10.9.0.0/24'] },
      iterator: { rootHints: join(dir, 'root.hints'), port: WORLD_PORT, queryLoopback: true, ipv6: false },
      dnssec: { validate: false },
      filter: {
        lists: { ads: { source: 'http://lists.org/list.txt' }, social: { source: join(dir, 'social.txt') } },
        groups: { kids: { clients: ['10.9.0.32/28'] }, default: { lists: ['ads'] } },
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
        const { lists } = filterView.parse(JSON.parse(command('lists')))
        expect(lists.map(({ name, entries }) => [name, entries])).toEqual([
          ['ads', 2],
          ['social', 1],
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

  it('answers blocked names with null addresses and the name of the list, twice alike', () => {
    for (let i = 0; i < 3; i++) {
      expect(ask(ADULT, 'ads.zone0.org')).toEqual({
        rcode: 'NOERROR',
        answers: ['0.0.0.0'],
        ede: '15 (Blocked): (blocked by ads)',
      })
      expect(ask(ADULT, 'x.ads.zone0.org', 'AAAA').answers).toEqual(['::'])
      expect(ask(ADULT, 'www.zone0.org')).toEqual({ rcode: 'NOERROR', answers: ['192.0.2.7'], ede: undefined })
    }
  })

  it('blocks what a name is an alias of, and nothing else of its zone', () => {
    for (let i = 0; i < 3; i++) {
      expect(ask(ADULT, 'metrics.shop.org').answers).toEqual(['0.0.0.0'])
      expect(ask(ADULT, 'www.shop.org').answers).toEqual(['192.0.2.8'])
    }
  })

  it('never gives a client the answer of another group', () => {
    for (let i = 0; i < 4; i++) {
      expect(ask(ADULT, 'social.zone2.org').answers).toEqual(['192.0.2.7'])
      expect(ask(KID, 'social.zone2.org').answers).toEqual(['0.0.0.0'])
    }
  })

  it('says why', () => {
    const why = (...args: string[]) => whyView.parse(JSON.parse(command('why', ...args)))
    expect(why('x.ads.zone0.org')).toMatchObject({
      verdict: 'blocked',
      group: 'default',
      by: { list: 'ads', line: 2, text: '||ads.zone0.org^', matched: 'ads.zone0.org' },
    })
    expect(why('social.zone2.org', '--client', KID)).toMatchObject({ verdict: 'blocked', group: 'kids' })
    expect(why('social.zone2.org', '--client', ADULT)).toMatchObject({ verdict: 'pass', rules: [{ list: 'social' }] })
  })

  it('allows, blocks and pauses by command, at once', () => {
    command('allow', 'ads.zone0.org')
    expect(ask(ADULT, 'ads.zone0.org').answers).toEqual(['192.0.2.7'])
    command('unblock', 'ads.zone0.org')
    expect(ask(ADULT, 'ads.zone0.org').answers).toEqual(['0.0.0.0'])
    command('block', 'www.zone2.org', '--group', 'kids')
    expect(ask(KID, 'www.zone2.org')).toMatchObject({
      answers: ['0.0.0.0'],
      ede: '15 (Blocked): (blocked by own rules)',
    })
    expect(ask(ADULT, 'www.zone2.org').answers).toEqual(['192.0.2.7'])
    command('pause', '5', '--group', 'kids')
    expect(ask(KID, 'social.zone2.org').answers).toEqual(['192.0.2.7'])
    expect(ask(ADULT, 'ads.zone0.org').answers).toEqual(['0.0.0.0'])
    command('resume')
    expect(ask(KID, 'social.zone2.org').answers).toEqual(['0.0.0.0'])
    expect(JSON.parse(readFileSync(join(dir, 'filter', 'own.json'), 'utf8'))).toMatchObject({
      groups: { kids: ['||www.zone2.org^'] },
    })
  })

  it('takes a list up anew when it has changed, and asks for it only then', () => {
    command('lists', '--update')
    expect(requests().at(-1)).toBe('lists.org 304')
    writeFileSync(list, '||other.zone0.org^\n')
    command('lists', '--update')
    expect(requests().at(-1)).toBe('lists.org 200')
    expect(ask(ADULT, 'other.zone0.org').answers).toEqual(['0.0.0.0'])
    expect(ask(ADULT, 'ads.zone0.org').answers).toEqual(['192.0.2.7'])
    // A page that is no list.
    writeFileSync(list, '<html>log in</html>\n')
    expect(() => command('lists', '--update')).toThrow()
    expect(ask(ADULT, 'other.zone0.org').answers).toEqual(['0.0.0.0'])
  })
})

import { describe, expect, it } from 'vitest'
import { ChordnsError } from '../../src/base/index.ts'
import { checkHosts, type LoadRequest, loadConfig, type Problem, refuseFaults } from '../../src/config/index.ts'
import { addressText, Class, nameToText, parseName, Type } from '../../src/dns/index.ts'

const FILES: Readonly<Record<string, string>> = {
  '/etc/hosts': '127.0.0.1 localhost\n192.168.1.5 nas.lan nas\n',
  '/etc/chordns/list': '# ads\n0.0.0.0 ads.example.com\n',
  '/bad': '192.168.1.5 nas\nnonsense\n\n192.168.1 x\n',
}

const FILE = '/etc/chordns/c.json'

function load(settings: object, request: Partial<LoadRequest> = {}) {
  const text = JSON.stringify(settings, null, 2)
  const readFile = (path: string) => {
    if (path === '/secret') throw Object.assign(new Error('EACCES'), { code: 'EACCES', syscall: 'open' })
    return path === FILE ? text : FILES[path]
  }
  return loadConfig({ env: {}, file: FILE, readFile, ...request }).config
}

function problems(settings: object): string[] {
  try {
    load(settings)
  } catch (error) {
    if (!(error instanceof ChordnsError)) throw error
    const { problems } = error.detail as { readonly problems: readonly Problem[] }
    return problems.map(({ path, message, where }) => `${path}: ${message} (${where})`)
  }
  throw new Error('nothing was thrown')
}

const addresses = (config: ReturnType<typeof load>, name: string) =>
  config.local
    .answer({ name: parseName(name), type: Type.A, class: Class.IN })
    ?.answers.map((one) => addressText(one.rdata))

describe('the section local', () => {
  it('is empty by default', () => {
    expect(load({}).local.stats()).toEqual({ hostNames: 0, hostBytes: expect.any(Number), records: 0, zones: 0 })
  })

  it('is compiled with the files that it names, which are relative to the configuration', () => {
    const config = load({
      local: { hosts: ['/etc/hosts', 'list'], records: ['x.lan A 192.168.1.6'], zones: { lan: 'static' } },
    })
    expect(config.local.stats()).toMatchObject({ hostNames: 3, records: 1, zones: 1 })
    expect(addresses(config, 'nas')).toEqual(['192.168.1.5'])
    expect(addresses(config, 'ads.example.com')).toEqual(['0.0.0.0'])
    expect(addresses(config, 'x.lan')).toEqual(['192.168.1.6'])
    expect(addresses(config, 'y.lan')).toEqual([])
  })

  it('can come from the environment', () => {
    const env = { CHORDNS_LOCAL_HOSTS: '/etc/hosts,/etc/chordns/list', CHORDNS_LOCAL_ZONES: '{"lan":"refuse"}' }
    expect(load({}, { env }).local.stats()).toMatchObject({ hostNames: 3, zones: 1 })
  })

  it('tells all that is wrong, in files with file and line', () => {
    const settings = {
      local: {
        hosts: ['/nowhere', '/secret', '/bad'],
        records: ['fine.lan A 192.168.1.6', 'bad.lan A 192.168'],
        zones: { 'a..b': 'static' },
      },
    }
    expect(problems(settings)).toEqual([
      `local.zones.a..b: an empty label: a..b (${FILE}:13:7)`,
      `local.records.1: column 11: A: not an IPv4 address: 192.168 (${FILE}:8:5)`,
      `local.hosts: there is no file /nowhere: correct the path (${FILE}:3:5)`,
      `local.hosts: /secret: permission denied; give it, and the directories above it, to the user that chordns runs as (${FILE}:3:5)`,
      `local.hosts: /bad:2: not an IPv4 address: nonsense; a line is an address and then its names (${FILE}:3:5)`,
      `local.hosts: /bad:4: not an IPv4 address: 192.168.1; a line is an address and then its names (${FILE}:3:5)`,
    ])
  })

  it('is used without what is wrong in files of others, which is told with file and line', () => {
    const loaded = loadConfig({
      env: {},
      file: FILE,
      readFile: (path) => {
        if (path === '/secret') throw Object.assign(new Error('EACCES'), { code: 'EACCES', syscall: 'open' })
        return path === FILE ? '{ "local": { "hosts": ["/nowhere", "/secret", "/bad", "list"] } }' : FILES[path]
      },
    })
    expect(addresses(loaded.config, 'nas')).toEqual(['192.168.1.5'])
    expect(addresses(loaded.config, 'ads.example.com')).toEqual(['0.0.0.0'])
    expect(loaded.faults.map(({ path, message, where, isUnread }) => [path, message, where, isUnread])).toEqual([
      ['local.hosts', 'there is no file /nowhere: correct the path', `${FILE}:1:14`, true],
      ['local.hosts', expect.stringMatching(/^\/secret: permission denied/), `${FILE}:1:14`, true],
      ['local.hosts', expect.stringMatching(/^\/bad:2: not an IPv4 address: nonsense/), `${FILE}:1:14`, false],
      ['local.hosts', expect.stringMatching(/^\/bad:4: not an IPv4 address: 192\.168\.1;/), `${FILE}:1:14`, false],
    ])
    expect(() => refuseFaults(loaded.faults)).toThrow(/4 problems:\n {2}local\.hosts: there is no file \/nowhere/)
    expect(() => refuseFaults([])).not.toThrow()
  })

  it('is refused for what the operator wrote: a wrong record or zone', () => {
    for (const local of [{ records: ['bad.lan A 192.168'] }, { zones: { 'a..b': 'static' } }])
      expect(problems({ local })).toHaveLength(1)
  })

  it('knows the types of zones, and no others', () => {
    expect(problems({ local: { zones: { lan: 'statik' } } })[0]).toMatch(
      /^local\.zones\.lan: must be one of "static", "transparent", .*"always_null" /,
    )
    expect(problems({ local: { zones: ['lan'] } })[0]).toMatch(/^local\.zones: must be an object: zone -> type/)
    expect(problems({ local: { records: [5] } })[0]).toMatch(/^local\.records\.0: must be a record/)
  })
})

describe('a check of a hosts file', () => {
  const sources = { readFile: (path: string) => FILES[path] }
  it('counts its names, or tells its wrong lines', () => {
    expect(checkHosts('/etc/hosts', sources)).toMatchObject({ stats: { hostNames: 2 }, problems: [] })
    expect(checkHosts('/bad', sources).problems).toHaveLength(2)
    expect(checkHosts('/nowhere', sources).problems).toEqual(['there is no file /nowhere: correct the path'])
  })
})

describe('the sections dns64 and rebinding', () => {
  it('are off by default', () => {
    expect(load({})).toMatchObject({ dns64: undefined, rebinding: undefined })
    expect(load({ dns64: { prefix: '2001:db8::/96' }, rebinding: { allow: ['lan'] } })).toMatchObject({
      dns64: undefined,
      rebinding: undefined,
    })
  })

  it('are read when they are on', () => {
    const { dns64, rebinding } = load({
      dns64: { enabled: true },
      rebinding: { protect: true, allow: ['plex.direct'] },
    })
    expect(dns64).toMatchObject({ prefix: { bits: 96 }, exclude: [{ bits: 96 }] })
    expect(rebinding?.allow.map(nameToText)).toEqual(['plex.direct.'])
  })

  it('refuse what is no prefix or name', () => {
    expect(problems({ dns64: { prefix: '64:ff9b::/95' } })[0]).toMatch(
      /^dns64\.prefix: must be an IPv6 prefix of 32, 40/,
    )
    expect(problems({ dns64: { exclude: ['::1'] } })[0]).toMatch(/^dns64\.exclude\.0: must be an address and a length/)
    expect(problems({ dns64: { exclude: ['::1/64'] } })[0]).toMatch(/has bits beyond its length/)
    expect(problems({ rebinding: { allow: ['a..b'] } })[0]).toMatch(/^rebinding\.allow\.0: .*an empty label/)
  })
})

import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ChordnsError } from '../../src/base/index.ts'
import {
  configText,
  type LoadedConfig,
  type LoadRequest,
  loadConfig,
  type Problem,
  searchPath,
} from '../../src/config/index.ts'
import { nameToText } from '../../src/dns/index.ts'

const FILE = './resolver.config.json'

function load(file: unknown, request: Partial<LoadRequest> = {}): LoadedConfig {
  const text = typeof file === 'string' ? file : JSON.stringify(file, null, 2)
  return loadConfig({ env: {}, readFile: (path) => (path === FILE ? text : undefined), ...request })
}

function failure(act: () => unknown): ChordnsError<string, { problems?: readonly Problem[] }> {
  try {
    act()
  } catch (error) {
    if (error instanceof ChordnsError) return error
    throw error
  }
  throw new Error('nothing was thrown')
}

const problems = (file: unknown, request: Partial<LoadRequest> = {}) => {
  const { code, detail } = failure(() => load(file, request))
  expect(code).toBe('CONFIG_INVALID')
  return detail.problems!.map(({ path, message }) => `${path}: ${message}`)
}

describe('the defaults', () => {
  const { config, file, warnings } = loadConfig({ env: {}, readFile: () => undefined })

  it('run a resolver for this machine, and a ring of one with a secret of its own in the data directory', () => {
    expect(file).toBeUndefined()
    expect(warnings).toEqual([])
    expect(config.listen).toBe('auto')
    expect(config.access.allow).toEqual(['127.0.0.0/8', '::1/128'])
    expect(config.ring).toMatchObject({ enabled: true, byDefault: true, makesSecret: true })
    expect(config.ring.secretFile).toBe(join(config.data, 'ring.secret'))
    expect(config.status).toEqual({ listen: { address: '127.0.0.1', port: 8053 }, dashboard: false })
    expect(config.queries).toEqual({ privacy: 'off', keep: 5_000, hours: 24, ignore: [] })
    expect(config.cache).toEqual({
      maxBytes: 67_108_864,
      minTtl: 0,
      maxTtl: 86_400,
      negativeMaxTtl: 3_600,
      persist: true,
      staleSeconds: 86_400,
    })
    expect(config.resolver).toEqual({
      order: 'race',
      hedgeMs: 'auto',
      strict: false,
      serveStale: true,
      prefetch: true,
      explain: false,
      followChanges: true,
      keepDelegations: { zones: [], days: 90 },
      minimalResponses: true,
    })
    expect(config.iterator).toEqual({
      rootHints: 'builtin',
      port: 53,
      ipv4: true,
      ipv6: 'auto',
      queryLoopback: false,
      qnameMinimisation: 'relaxed',
      caseRandomisation: true,
      errorReporting: false,
      bind: [],
      limits: {},
      servers: new Map(),
      stubs: [],
      forwards: [],
    })
  })

  it('leave room limits alone unless a limit is given', () => {
    expect(load({ iterator: { limits: { sendsPerZone: 3 } } }).config.iterator.limits).toEqual({ SENDS_PER_ZONE: 3 })
  })
})

describe('precedence', () => {
  const env = { CHORDNS_CACHE_MAX_TTL: '300', CHORDNS_RING_CHUNK_BITS: '5' }
  const file = { cache: { maxTtl: 200, minTtl: 7 }, ring: { chunkBits: 4, replicas: 3 } }
  const loaded = load(file, { env, overrides: { 'cache.maxTtl': '400' } })

  it('is flag, environment, file, default', () => {
    expect(loaded.config.cache).toMatchObject({ maxTtl: 400, minTtl: 7, negativeMaxTtl: 3_600 })
    expect(loaded.config.ring).toMatchObject({ chunkBits: 5, replicas: 3, share: true })
  })

  it('is recorded for each value, with its place', () => {
    const setting = (path: string) => loaded.settings.find((one) => one.path === path)
    expect(setting('cache.maxTtl')).toMatchObject({ source: 'flag', value: 400 })
    expect(setting('ring.chunkBits')).toMatchObject({ source: 'env', where: 'CHORDNS_RING_CHUNK_BITS', value: 5 })
    expect(setting('cache.minTtl')).toMatchObject({ source: 'file', where: `${FILE}:4:5`, value: 7 })
    expect(setting('ring.share')).toMatchObject({ source: 'default', where: undefined, value: true })
    expect(loaded.settings.every(({ description }) => description.length > 10)).toBe(true)
  })

  it('takes the state directory of a service where nothing else names one', () => {
    const env = { STATE_DIRECTORY: '/var/lib/chordns:/var/lib/other' }
    expect(load({}, { env }).config.data).toBe('/var/lib/chordns')
    expect(load({ data: '/srv/dns' }, { env }).config.data).toBe('/srv/dns')
    expect(load({}, { env: { STATE_DIRECTORY: '' } }).config.data).toBe('./data')
  })

  it('blames a flag that names no key on the flag, and says how a part of a setting is given', () => {
    const overrides = { 'listen.udp': '127.0.0.1:53', 'cache.maxTll': '3' }
    expect(() => load({ listen: 'auto', cache: { maxTtl: 3 } }, { overrides })).toThrow(
      expect.objectContaining({
        detail: {
          problems: [
            { path: 'listen.udp', message: expect.stringContaining('as a whole'), where: '--set' },
            { path: 'cache.maxTll', message: expect.stringContaining('cache.maxTtl'), where: '--set' },
          ],
        },
      }),
    )
  })

  it('is shown by the text of `config print`', () => {
    const text = configText(loaded)
    expect(text).toMatch(/^cache\.maxTtl +400 +# flag$/m)
    expect(text).toMatch(/^ring\.chunkBits +5 +# env CHORDNS_RING_CHUNK_BITS$/m)
    expect(text).toMatch(/^cache\.minTtl +7 +# file \.\/resolver\.config\.json:4:5$/m)
    expect(text).toMatch(/^ring\.share +true +# default; CHORDNS_RING_SHARE$/m)
    expect(text).toMatch(/^ring\.timing\.stabiliseMs +1000 +# default; CHORDNS_RING_TIMING_STABILISE_MS$/m)
  })

  it('gives a whole configuration that loads to the same', () => {
    expect(load(loaded.effective).config).toEqual(loaded.config)
  })
})

describe('a node with a part in ledgers', () => {
  it('may answer no stub', () => {
    const { config } = load({ listen: {}, ledger: { genesis: 'g.json', roles: ['validator'] } })
    expect(config.listen).toEqual({ udp: [], tcp: [], tls: [], https: [] })
  })
})

describe('texts of environment and flags', () => {
  const fromEnv = (env: Record<string, string>) => load({}, { env }).config

  it('are read as what the key takes', () => {
    expect(fromEnv({ CHORDNS_RESOLVER_STRICT: 'true' }).resolver.strict).toBe(true)
    expect(fromEnv({ CHORDNS_RESOLVER_HEDGE_MS: '25' }).resolver.hedgeMs).toBe(25)
    expect(fromEnv({ CHORDNS_RESOLVER_HEDGE_MS: 'auto' }).resolver.hedgeMs).toBe('auto')
    expect(fromEnv({ CHORDNS_ITERATOR_IPV6: 'false' }).iterator.ipv6).toBe(false)
    expect(fromEnv({ CHORDNS_RING_ID: '123' }).ring.id).toBe('123')
    expect(fromEnv({ CHORDNS_RING_ID: 'a,b' }).ring.id).toBe('a,b')
    expect(fromEnv({ CHORDNS_CACHE_MAX_BYTES: '1GiB' }).cache.maxBytes).toBe(2 ** 30)
    expect(fromEnv({ CHORDNS_ACCESS_ALLOW: '127.0.0.0/8, fd00::/8' }).access.allow).toEqual(['127.0.0.0/8', 'fd00::/8'])
    expect(fromEnv({ CHORDNS_ITERATOR_STUBS: '{"corp.example":["10.0.0.53"]}' }).iterator.stubs).toHaveLength(1)
    expect(fromEnv({ CHORDNS_STATUS_LISTEN: 'false' }).status.listen).toBe(false)
  })

  it('may say listen as a list', () => {
    expect(fromEnv({ CHORDNS_LISTEN: '127.0.0.1:5300' }).listen).toEqual({
      udp: ['127.0.0.1:5300'],
      tcp: ['127.0.0.1:5300'],
      tls: [],
      https: [],
    })
    expect(fromEnv({ CHORDNS_LISTEN: 'auto' }).listen).toBe('auto')
    expect(fromEnv({ CHORDNS_LISTEN: '{"udp":["127.0.0.1:1"]}' }).listen).toMatchObject({
      udp: ['127.0.0.1:1'],
      tcp: [],
    })
  })

  it('name the variable when they are wrong', () => {
    const error = failure(() => load({}, { env: { CHORDNS_RING_REPLICAS: 'many' } }))
    expect(error.message).toBe(
      'configuration: ring.replicas: must be a whole number from 0 to 15 (CHORDNS_RING_REPLICAS)',
    )
  })

  it('name the item of a list that is wrong', () => {
    expect(problems({}, { overrides: { 'ledger.roles': '["validator","king"]' } })).toEqual([
      'ledger.roles.1: must be one of "validator", "full", "archive"',
    ])
  })

  it('only warn of variables that are no settings, since container platforms add their own', () => {
    expect(
      load({}, { env: { CHORDNS_RING_BOOTSTAP: 'x', CHORDNS_SERVICE_HOST: '10.0.0.1', OTHER: '1', CHORDNS_NODE: 'x' } })
        .warnings,
    ).toEqual([
      'CHORDNS_RING_BOOTSTAP in the environment is no setting; did you mean CHORDNS_RING_BOOTSTRAP?',
      'CHORDNS_SERVICE_HOST in the environment is no setting',
    ])
  })

  it('are an error for a flag that is no setting', () => {
    expect(problems({}, { overrides: { 'ring.bootstap': 'x' } })).toEqual([
      'ring.bootstap: unknown key; did you mean `ring.bootstrap`?',
    ])
  })
})

describe('a wrong file', () => {
  it('names the path and place of an unknown key, and the key that was meant', () => {
    const error = failure(() => load({ ring: { id: 'x', bootstap: [] } }))
    expect(error.message).toBe(
      'configuration: ring.bootstap: unknown key; did you mean `bootstrap`? (./resolver.config.json:4:5)',
    )
    expect(problems({ rign: {} })).toEqual(['rign: unknown key; did you mean `ring`?'])
    expect(problems({ secretFile: 'x' })).toEqual(['secretFile: unknown key; did you mean `ring.secretFile`?'])
    expect(problems({ ledgre: {} })[0]).toMatch(/^ledgre: unknown key/)
    expect(problems({ iterator: { limits: { inflight: 3 } } })).toEqual([
      'iterator.limits.inflight: unknown key; did you mean `inFlight`?',
    ])
    expect(problems({ listen: { udq: [] } })).toEqual(['listen.udq: unknown key; did you mean `udp`?'])
    expect(problems('{"__proto__": {"a": 1}}')).toEqual(['__proto__: unknown key'])
    expect(problems('{"ring": {"__proto__": {"enabled": true}}}')).toEqual(['ring.__proto__: unknown key'])
  })

  it('is told of all its problems at once', () => {
    const error = failure(() => load({ ring: { replicas: 99, share: 'yes' }, resolver: { order: 'fast' } }))
    expect(error.message).toBe(
      [
        'configuration, 3 problems:',
        '  resolver.order: must be one of "race", "ring", "iterate" (./resolver.config.json:7:5)',
        '  ring.share: must be true or false (./resolver.config.json:4:5)',
        '  ring.replicas: must be a whole number from 0 to 15 (./resolver.config.json:3:5)',
      ].join('\n'),
    )
  })

  it.each<[object, string]>([
    [{ ring: true }, 'ring: must be an object'],
    [{ ring: null }, 'ring: must be an object'],
    [{ listen: 'here' }, 'listen: must be "auto", or an object with lists "udp", "tcp", "tls" and "https"'],
    [{ listen: {} }, 'listen: no address: nobody could ask; "auto" listens on this machine'],
    [
      { listen: { udp: ['127.0.0.1'] } },
      'listen.udp.0: listen address "127.0.0.1": the port is missing: "127.0.0.1:53"',
    ],
    [
      { access: { allow: ['everybody'] } },
      'access.allow.0: access.allow: "everybody" is not an address range such as "192.168.0.0/16" or "fd00::/8"',
    ],
    [{ resolver: { hedgeMs: -1 } }, 'resolver.hedgeMs: must be "auto" or milliseconds from 0 to 10000'],
    [{ iterator: { ipv6: 'yes' } }, 'iterator.ipv6: must be "auto", true or false'],
    [{ iterator: { port: 0 } }, 'iterator.port: must be a whole number from 1 to 65535'],
    [{ iterator: { bind: ['eth0'] } }, 'iterator.bind.0: must be an IP address, such as "192.0.2.1" or "2001:db8::1"'],
    [{ iterator: { stubs: { 'a..b': ['10.0.0.1'] } } }, 'iterator.stubs.a..b: '],
    [{ iterator: { stubs: { 'a.': [] } } }, 'iterator.stubs.a.: must name a server'],
    [{ iterator: { forwards: { 'a.': ['dns.example'] } } }, 'iterator.forwards.a.: '],
    [
      { iterator: { stubs: { a: ['10.0.0.1'] }, forwards: { 'A.': ['10.0.0.1'] } } },
      'iterator.forwards.a.: is a stub zone, too',
    ],
    [
      { cache: { maxBytes: '10 potatoes' } },
      'cache.maxBytes: must be bytes, or text such as "64MiB", from 1MiB to 64GiB',
    ],
    [{ cache: { maxBytes: 5 } }, 'cache.maxBytes: must be bytes'],
    [{ cache: { minTtl: 100, maxTtl: 50 } }, 'cache.minTtl: must not be above cache.maxTtl'],
    [{ ring: { listen: ['0.0.0.0:4153'] } }, 'ring.listen.0: '],
    [{ ring: { bootstrap: [''] } }, 'ring.bootstrap.0: '],
    [{ ring: { admission: 'members' } }, 'ring.admission: must be one of "psk", "endorsed", "open"'],
    [
      { ring: { admission: 'endorsed' } },
      'ledger.genesis: missing: an endorsed ring takes its members from the ledger',
    ],
    [{ chunks: { admitAfter: 0 } }, 'chunks.admitAfter: must be "auto" or a number of members from 1 to 1000'],
    [{ ledger: { roles: ['validator'] } }, 'ledger.genesis: missing'],
    [{ ledger: { genesis: 'g.json' }, ring: { enabled: false } }, 'ring.enabled: must not be false'],
    [
      { ledger: { genesis: 'g.json', trust: { root: '12' } } },
      'ledger.trust.root: must be HEIGHT:BLOCK ID, the id in 64 hex digits',
    ],
    [
      { ledger: { genesis: 'g.json', roles: ['king'] } },
      'ledger.roles.0: must be one of "validator", "full", "archive"',
    ],
    [{ data: '' }, 'data: must be a directory'],
    [{ status: { listen: '0.0.0.0:8053' } }, 'status.listen: must be a loopback address'],
    [{ status: { listen: true } }, 'status.listen: must be an address and port, or false'],
    [{ status: { dashboard: true } }, 'status.dashboard: must be an address and port, or false'],
    [{ queries: { privacy: 'some' } }, 'queries.privacy: must be one of "off", "names", "clients", "full"'],
    [{ queries: { keep: 0 } }, 'queries.keep: must be a whole number from 10 to 100000'],
    [{ queries: { ignore: ['a..b'] } }, 'queries.ignore.0: '],
    [{ queries: { dnstap: { socket: '/run/tap' } } }, 'queries.privacy: is "off", so that names are told nobody'],
    [
      { queries: { privacy: 'full', dnstap: { socket: '/run/tap', file: 'a.tap' } } },
      'queries.dnstap.file: must not stand beside queries.dnstap.socket',
    ],
    [{ queries: { privacy: 'full', dnstap: { server: '127.0.0.1:0' } } }, 'queries.dnstap.server: port 0'],
    [{ queries: { dnstap: { messages: ['all'] } } }, 'queries.dnstap.messages.0: must be one of "client-query"'],
  ])('%j: %s', (file, message) => {
    const found = problems(file)
    expect(found).toHaveLength(1)
    expect(found[0]).toContain(message)
  })

  it('that is no object is refused', () => {
    expect(failure(() => load('[]')).code).toBe('CONFIG_INVALID')
    expect(failure(() => load('null')).code).toBe('CONFIG_INVALID')
  })
})

describe('the rules between keys', () => {
  it('forbid to forward the root: that would be a central resolver', () => {
    for (const root of ['.', '']) expect(problems({ iterator: { forwards: { [root]: ['9.9.9.9'] } } })).toHaveLength(1)
    expect(problems({ iterator: { forwards: { '.': ['9.9.9.9'] } } })[0]).toContain('forward named zones only')
    expect(problems({ iterator: { stubs: { '.': ['9.9.9.9'] } } })[0]).toContain('iterator.rootHints')
  })

  it('forbid a listener that others reach, without a list of who may ask', () => {
    for (const address of ['0.0.0.0:53', '[::]:53', '192.168.1.1:53', '[2001:db8::1]:53', '[::ffff:192.0.2.1]:53']) {
      expect(problems({ listen: { udp: [address] } })[0]).toMatch(/^access\.allow: missing/)
      expect(problems({ listen: { tcp: [address] }, access: { allow: ['127.0.0.1'] } })[0]).toMatch(
        /^access\.allow: missing/,
      )
      expect(
        load({ listen: { udp: [address] }, access: { allow: ['192.168.0.0/16', '2001:db8::/32'] } }).config.access
          .allow,
      ).toHaveLength(2)
    }
    expect(load({ listen: { udp: ['127.0.0.2:53', '[::1]:53'] } }).config.listen).toBeTypeOf('object')
  })

  it('begin a ring with a secret of its own, and want that of the others when there is somebody to join', () => {
    const bootstrap = ['/ip4/192.0.2.1/tcp/4153']
    expect(load({ ring: { secretFile: 'x' } }).config.ring.enabled).toBe(true)
    expect(load({ ring: { secretFile: 'x', enabled: false } }).config.ring.enabled).toBe(false)
    expect(load({ ring: { admission: 'open', bootstrap } }).config.ring.enabled).toBe(true)
    expect(problems({ ring: { bootstrap } })).toEqual([
      'ring.secretFile: missing: a psk ring needs the secret that its members share; `chordns keygen --secret FILE` makes one',
    ])
    expect(problems({ ring: { rendezvous: [`${bootstrap[0]}/p2p/x`] } })).not.toEqual([])
    expect(load({ ring: { enabled: true } }).config.ring).toMatchObject({ byDefault: false, makesSecret: true })
    expect(load({ ring: { secretFile: 'x' } }).config.ring).toMatchObject({ byDefault: false, makesSecret: false })
    expect(load({ ring: { enabled: false } }).config.ring.enabled).toBe(false)
    expect(load({ ring: { share: false } }).config.ring).toMatchObject({ enabled: true, byDefault: true })
    expect(load({ ring: { enabled: true, admission: 'open' } }).config.ring.enabled).toBe(true)
  })

  it('give stub servers the iterator port, and forwarders 53, unless they name one', () => {
    const zones = { 'Corp.example': ['10.0.0.1', '10.0.0.2:54', '2001:db8::1', '[2001:db8::2]:54'] }
    const { stubs, forwards } = load({ iterator: { port: 5354, stubs: zones, forwards: { 'x.': ['10.0.0.1'] } } })
      .config.iterator
    expect(nameToText(stubs[0]!.zone)).toBe('Corp.example.')
    expect(stubs[0]!.servers).toEqual([
      { address: '10.0.0.1', port: 5354 },
      { address: '10.0.0.2', port: 54 },
      { address: '2001:db8::1', port: 5354 },
      { address: '2001:db8::2', port: 54 },
    ])
    expect(forwards[0]!.servers).toEqual([{ address: '10.0.0.1', port: 53 }])
  })
})

describe('the file', () => {
  it('is looked for in the order of the manual', () => {
    const asked: string[] = []
    loadConfig({
      env: { HOME: '/home/a' },
      readFile: (path) => {
        asked.push(path)
        return undefined
      },
    })
    expect(asked).toEqual([FILE, '/home/a/.config/chordns/resolver.config.json', '/etc/chordns/resolver.config.json'])
    expect(searchPath({ XDG_CONFIG_HOME: '/x' })[1]).toBe('/x/chordns/resolver.config.json')
  })

  it('that is named must be there: --config before CHORDNS_CONFIG', () => {
    const readFile = (path: string) => (path === 'b.json' ? '{"data":"/b"}' : undefined)
    expect(loadConfig({ env: { CHORDNS_CONFIG: 'b.json' }, readFile }).config.data).toBe('/b')
    expect(loadConfig({ env: { CHORDNS_CONFIG: 'a.json' }, file: 'b.json', readFile }).file).toBe('b.json')
    expect(failure(() => loadConfig({ env: {}, file: 'a.json', readFile }))).toMatchObject({
      code: 'CONFIG_NOT_FOUND',
      message: 'there is no configuration file a.json',
    })
  })

  it('that cannot be read says why', () => {
    const readFile = () => {
      throw Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES', syscall: 'open' })
    }
    expect(failure(() => loadConfig({ env: {}, file: 'a.json', readFile }))).toMatchObject({
      code: 'CONFIG_UNREADABLE',
      message: expect.stringMatching(/^a\.json: permission denied; give it, .* to the user that chordns runs as$/),
    })
  })

  it('names files relative to itself; environment and flags, to the working directory', () => {
    const text = '{"data":"var","ring":{"secretFile":"../s"},"iterator":{"rootHints":"hints"}}'
    const readFile = (path: string) => (path === '/etc/chordns/resolver.config.json' ? text : undefined)
    const { config } = loadConfig({ env: { CHORDNS_DATA: 'here' }, readFile })
    expect(config.data).toBe('here')
    expect(config.ring.secretFile).toBe('/etc/s')
    expect(config.iterator.rootHints).toBe('/etc/chordns/hints')
    expect(loadConfig({ env: {}, readFile }).config.data).toBe('/etc/chordns/var')
    expect(load({ iterator: { rootHints: 'builtin' } }).config.iterator.rootHints).toBe('builtin')
  })

  it('with a syntax error names line and column', () => {
    expect(failure(() => load('{\n  "ring": {,}\n}'))).toMatchObject({
      code: 'CONFIG_SYNTAX',
      message: './resolver.config.json, line 2, column 12: a key in double quotes is expected, not ","',
      detail: { line: 2, column: 12, file: FILE },
    })
  })
})

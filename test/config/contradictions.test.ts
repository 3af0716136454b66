/** Settings that are right by themselves and can never work together. */
import { describe, expect, it } from 'vitest'
import { loadConfig } from '../../src/config/index.ts'

function told(file: object): { problems: string[]; warnings: readonly string[] } {
  try {
    const { warnings } = loadConfig({ env: {}, readFile: () => JSON.stringify(file), file: 'x' })
    return { problems: [], warnings }
  } catch (error) {
    const { problems } = (error as { detail: { problems: { path: string; message: string; where?: string }[] } }).detail
    return { problems: problems.map(({ path, message }) => `${path}: ${message}`), warnings: [] }
  }
}

const forwards = (zone: string, ...servers: string[]) => ({ iterator: { forwards: { [zone]: servers } } })

describe('is an error with its path and the fix', () => {
  it.each<[what: string, file: object, message: string]>([
    ['a list of nobody', { access: { allow: [] } }, 'access.allow: allows nobody'],
    [
      'listeners of one family, and a list of the other',
      { listen: { udp: ['[2001:db8::1]:53'], tcp: ['[2001:db8::1]:53'] }, access: { allow: ['192.168.0.0/16'] } },
      'access.allow: nobody in it can ask at [2001:db8::1]:53: add IPv6 ranges',
    ],
    [
      'a list that leaves out this machine, which alone can ask',
      { access: { allow: ['192.168.0.0/16'] } },
      'access.allow: nobody in it can ask at 127.0.0.1:53: add IPv4 ranges',
    ],
    [
      'an address that is listed in two forms',
      { listen: { udp: ['[::1]:53', '[0::1]:53'], tcp: ['[::1]:53'] } },
      'listen.udp.1: is [::1]:53 once more',
    ],
    [
      'the status API where DNS is',
      { listen: { udp: ['127.0.0.1:8053'], tcp: ['127.0.0.1:8053'] } },
      'status.listen: is taken by listen.tcp 127.0.0.1:8053',
    ],
    [
      'DNS over TLS where DNS over TCP is',
      { listen: { udp: ['127.0.0.1:5300'], tcp: ['127.0.0.1:5300'], tls: ['127.0.0.1:5300'] } },
      'listen.tls.0: is taken by listen.tcp',
    ],
    [
      'the status API where DNS over HTTPS is',
      { listen: { https: ['127.0.0.1:8053'] } },
      'status.listen: is taken by listen.https 127.0.0.1:8053',
    ],
    [
      'a certificate without its key',
      { listen: { tls: ['127.0.0.1:853'] }, tls: { certificateFile: 'a.crt' } },
      'tls.keyFile: missing',
    ],
    ['a name that no certificate has', { tls: { name: 'not a name' } }, 'tls.name: must be the name of a host'],
    [
      'the status API where DNS is on all addresses',
      {
        listen: { udp: ['0.0.0.0:8053'], tcp: ['0.0.0.0:8053'] },
        access: { allow: ['127.0.0.0/8', '10.0.0.0/8'] },
      },
      'status.listen: is taken by listen.tcp 0.0.0.0:8053',
    ],
    [
      'the ring where DNS is',
      {
        listen: { udp: ['0.0.0.0:4153'], tcp: ['0.0.0.0:4153'] },
        access: { allow: ['127.0.0.0/8', '10.0.0.0/8'] },
        ring: { secretFile: 's' },
      },
      'ring.listen.0: is taken by listen.tcp 0.0.0.0:4153',
    ],
    [
      'the ring where the status API is',
      { ring: { secretFile: 's', listen: ['/ip4/127.0.0.1/tcp/8053'] } },
      'ring.listen.0: is taken by status.listen 127.0.0.1:8053',
    ],
    ['no family at all', { iterator: { ipv4: false, ipv6: false } }, 'iterator.ipv4: is off, and so is iterator.ipv6'],
    [
      'a source address of a family that is off',
      { iterator: { ipv6: false, bind: ['192.0.2.1', '2001:db8::1'] } },
      'iterator.bind.1: is never used: iterator.ipv6 is off',
    ],
    ['a source address of loopback', { iterator: { bind: ['127.0.0.1'] } }, 'iterator.bind.0: is a loopback address'],
    [
      'servers of a family that is off',
      { iterator: { ipv6: false, stubs: { 'corp.example': ['2001:db8::1', '2001:db8::2'] } } },
      'iterator.stubs.corp.example: none of its servers can be asked: iterator.ipv6 is off',
    ],
    [
      'a forwarder that is this node',
      { listen: { udp: ['127.0.0.1:53'], tcp: ['127.0.0.1:53'] }, ...forwards('lan', '127.0.0.1') },
      'iterator.forwards.lan: 127.0.0.1:53 is this node itself',
    ],
    [
      'a forwarder that is this node, which listens everywhere',
      {
        listen: { udp: ['0.0.0.0:53'], tcp: ['0.0.0.0:53'] },
        access: { allow: ['10.0.0.0/8'] },
        ...forwards('lan', '127.0.0.1'),
      },
      'iterator.forwards.lan: 127.0.0.1:53 is this node itself',
    ],
    ['a server without an address', forwards('lan', '0.0.0.0'), 'iterator.forwards.lan: 0.0.0.0:53 can be no server'],
    ['a multicast server', forwards('lan', '224.0.0.251:5353'), 'iterator.forwards.lan: 224.0.0.251:5353 can be no'],
    [
      'a forward zone that is never asked, since it is localhost',
      forwards('dev.localhost', '192.168.1.1'),
      'iterator.forwards.dev.localhost: is never asked: names of localhost are answered here',
    ],
    [
      'a forward zone inside a static one',
      { local: { zones: { lan: 'static' } }, ...forwards('corp.lan', '192.168.1.1') },
      'iterator.forwards.corp.lan: is never asked: local.zones answers for lan ("static")',
    ],
    [
      'a cookie without EDNS',
      { iterator: { servers: { '192.0.2.1': { edns: false, cookie: true } } } },
      'iterator.servers.192.0.2.1.cookie: is an option of EDNS',
    ],
    [
      'a TTL that is cut and lengthened again',
      { cache: { minTtl: 60 }, iterator: { servers: { '192.0.2.1': { maxTtl: 30 } } } },
      'iterator.servers.192.0.2.1.maxTtl: must not be below cache.minTtl (60)',
    ],
    [
      'a server that is no address',
      { iterator: { servers: { 'ns1.example': {} } } },
      'iterator.servers.ns1.example: must be',
    ],
    [
      'a log of what nobody validates',
      { dnssec: { validate: false, logOnly: true } },
      'dnssec.logOnly: logs what fails validation, and dnssec.validate is off',
    ],
    [
      'a resolver that refuses everything',
      { resolver: { strict: true }, dnssec: { validate: false } },
      'resolver.strict: refuses what is neither signed nor agreed by a ring, and there is neither here',
    ],
    [
      'a rest that is longer at first than after many failures',
      { iterator: { limits: { failureMs: 5_000, maxFailureMs: 1_000 } } },
      'iterator.limits.failureMs: must not be above iterator.limits.maxFailureMs',
    ],
  ])('%s', (_, file, message) => {
    const { problems } = told(file)
    expect(problems).toHaveLength(1)
    expect(problems[0]).toContain(message)
  })
})

describe('is only a warning', () => {
  it.each<[what: string, file: object, warning: string]>([
    [
      'one deaf listener of several',
      {
        listen: { udp: ['127.0.0.1:53', '[::1]:53'], tcp: ['127.0.0.1:53', '[::1]:53'] },
        access: { allow: ['127.0.0.0/8'] },
      },
      'access.allow: nobody in it can ask at [::1]:53',
    ],
    [
      'a record where local data does not count',
      { local: { zones: { ads: 'always_nxdomain' }, records: ['x.lan A 192.168.1.1', 'y.ads A 192.168.1.2'] } },
      'local.records.1: is never answered: local.zones has ads as "always_nxdomain"',
    ],
    [
      'a negative trust anchor of the root',
      { dnssec: { negativeTrustAnchors: ['.'] } },
      'dnssec.negativeTrustAnchors: names the root',
    ],
    ['no TCP', { listen: { udp: ['127.0.0.1:53'] } }, 'listen.tcp: is empty: answers that do not fit into UDP'],
    [
      'time servers without validation',
      { dnssec: { validate: false, ntpNames: ['pool.ntp.org'] } },
      'dnssec.ntpNames: is of no use',
    ],
  ])('%s', (_, file, warning) => {
    const { problems, warnings } = told(file)
    expect(problems).toEqual([])
    expect(warnings).toHaveLength(1)
    expect(warnings[0]).toContain(warning)
  })
})

describe('is fine', () => {
  it.each<[what: string, file: object]>([
    [
      'IPv6 listeners while servers are asked by IPv4 only',
      { iterator: { ipv6: false }, listen: { udp: ['[::1]:53'], tcp: ['[::1]:53'] } },
    ],
    ['a forwarder on port 53 of this machine, since "auto" then goes to 5300', forwards('lan', '127.0.0.1')],
    [
      'a forwarder on another port of this machine',
      { listen: { udp: ['127.0.0.1:53'], tcp: ['127.0.0.1:53'] }, ...forwards('lan', '127.0.0.1:5353') },
    ],
    [
      'a forward zone inside a transparent one',
      { local: { zones: { lan: 'transparent' } }, ...forwards('corp.lan', '192.168.1.1') },
    ],
    [
      'a transparent zone inside a static one, and a forward zone there',
      { local: { zones: { lan: 'static', 'corp.lan': 'transparent' } }, ...forwards('corp.lan', '192.168.1.1') },
    ],
    [
      'one server of a family that is off among others',
      { iterator: { ipv6: false, stubs: { a: ['192.0.2.1', '2001:db8::1'] } } },
    ],
    ['a loopback source for tests', { iterator: { bind: ['127.0.0.1'], queryLoopback: true } }],
    ['port 0 for both', { listen: { udp: ['127.0.0.1:0'], tcp: ['127.0.0.1:0'] }, status: { listen: '127.0.0.1:0' } }],
    ['strict without a ring: signed names, and no others', { resolver: { strict: true } }],
    ['strict on a ring', { resolver: { strict: true }, ring: { secretFile: 's' } }],
    ['a range that holds loopback and all else', { access: { allow: ['0.0.0.0/0'] } }],
  ])('%s', (_, file) => {
    expect(told(file)).toEqual({ problems: [], warnings: [] })
  })
})

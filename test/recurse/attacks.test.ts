import { describe, expect, it } from 'vitest'
import {
  encodeMessage,
  isSubdomain,
  nameToText,
  parseName,
  parseZone,
  type ResourceRecord,
  suffixName,
  Type,
} from '../../src/dns/index.ts'
import { type Behaviour, replyTo, zone } from './fake-internet.ts'
import { failureOf, makeWorld, question, ROOT_ADDRESS, rootZone, shown, threeLevels, type World } from './harness.ts'

const SEEDS = [1, 2, 3, 4, 5]

function records(text: string): ResourceRecord[] {
  return parseZone(text, { origin: parseName('.'), defaultTtl: 3600 })
}

/** A second zone, evil.test., next to the victim example.test.; its server behaves as told. */
function withEvil(behave: Behaviour, change = {}, seed = 1): World {
  const world = makeWorld(change, seed)
  threeLevels(world)
  const delegations =
    '@ SOA ns.test. h. 1 2 3 4 60\n@ NS ns.test.\nns A 192.0.2.1\nexample NS ns.example\nns.example A 192.0.2.2'
  world.net.serve('192.0.2.1', [zone('test.', `${delegations}\nevil NS ns.evil\nns.evil A 192.0.2.66`)])
  world.net.serve(
    '192.0.2.66',
    [zone('evil.test.', '@ SOA ns h. 1 2 3 4 60\n@ NS ns\nns A 192.0.2.66\nwww A 203.0.113.66')],
    behave,
  )
  return world
}

/** Everything the cache could say about the victim, after the attack, before an honest question. */
function poison(world: World): string[] {
  const now = world.clock.now()
  const found: string[] = []
  for (const name of ['www.example.test.', 'example.test.', 'ns.example.test.', 'test.', '.', 'ns.test.']) {
    for (const type of ['A', 'NS', 'SOA', 'CNAME', 'TXT']) {
      const entry = world.cache.get('main', question(name, type), now)
      if (entry?.outcome.kind !== 'rrset') continue
      for (const rdata of entry.outcome.rrset.rdatas)
        if (String(rdata).includes('6,6,6,6')) found.push(`${name} ${type}`)
    }
    const delegation = world.cache.delegation('main', parseName(name), now)?.delegation
    const addresses = [...(delegation?.addresses.values() ?? [])].flat()
    if (addresses.includes('6.6.6.6')) found.push(`delegation ${name}`)
    if (
      delegation?.nameServers.some((server) => isSubdomain(server, parseName('evil.test.'))) &&
      !name.startsWith('evil')
    ) {
      found.push(`delegation ${name} to evil`)
    }
  }
  return found
}

describe('an authority that speaks for others', () => {
  const lies: Record<string, string> = {
    'glue for the victim in the additional section': 'additional www.example.test. A 6.6.6.6',
    'an answer for the victim beside its own': 'answer www.example.test. A 6.6.6.6',
    "the victim's name servers in the authority section": 'authority example.test. NS ns.evil.test.',
    'name servers of its parent': 'authority test. NS ns.evil.test.',
    'name servers of the root': 'authority . NS ns.evil.test.',
    "an address for the parent's server": 'additional ns.test. A 6.6.6.6',
    "an address for the victim's server": 'additional ns.example.test. A 6.6.6.6',
    "the victim's SOA": 'authority example.test. SOA 6.6.6.6. h. 1 2 3 4 5',
    'a DNAME over its parent': 'answer test. DNAME evil.test.',
  }

  for (const [what, lie] of Object.entries(lies)) {
    it(`is not believed: ${what}`, async () => {
      for (const seed of SEEDS) {
        const [section, ...rest] = lie.split(' ')
        const world = withEvil(
          (_, honest) => {
            const reply = honest()
            const lying = records(rest.join(' '))
            return {
              ...reply,
              answers: section === 'answer' ? [...reply.answers, ...lying] : reply.answers,
              authorities: section === 'authority' ? [...lying, ...reply.authorities] : reply.authorities,
              additionals: section === 'additional' ? [...reply.additionals, ...lying] : reply.additionals,
            }
          },
          { qnameMinimisation: seed % 2 === 0 ? 'off' : 'relaxed' },
          seed,
        )
        await world.ask('www.evil.test.').catch(() => undefined)
        await world.ask('nothing.evil.test.').catch(() => undefined)
        expect(poison(world)).toEqual([])
        expect(shown(await world.ask('www.example.test.'))).toBe('203.0.113.80')
      }
    })
  }

  it('is not followed out of its zone by a CNAME with a ready answer', async () => {
    const world = withEvil(({ query }) =>
      replyTo(query, { answers: records('www.evil.test. CNAME www.example.test.\nwww.example.test. A 6.6.6.6') }),
    )
    expect(shown(await world.ask('www.evil.test.'))).toBe('CNAME www.example.test.')
    expect(poison(world)).toEqual([])
    expect(shown(await world.ask('www.example.test.'))).toBe('203.0.113.80')
  })

  it('cannot refer to a server below somebody else with an address of its choice', async () => {
    const world = withEvil(({ query }) =>
      replyTo(query, {
        aa: false,
        authorities: records('sub.evil.test. NS ns.example.test.'),
        additionals: records('ns.example.test. A 6.6.6.6'),
      }),
    )
    await world.ask('www.sub.evil.test.').catch(() => undefined)
    expect(world.net.askedOf('6.6.6.6')).toBe(0)
    expect(poison(world)).toEqual([])
  })

  it('cannot answer below a cut that is known, from above', async () => {
    const world = withEvil((_, honest) => honest())
    await world.ask('www.example.test.')
    world.net.servers.get('192.0.2.1')!.behave = ({ query }) =>
      replyTo(query, { answers: records('hop.test. CNAME www.example.test.\nwww.example.test. A 6.6.6.6') })
    world.clock.skip(1_000)
    world.cache.remove('main', question('www.example.test.'))
    await world.ask('hop.test.')
    expect(poison(world)).toEqual([])
    expect(shown(await world.ask('www.example.test.'))).toBe('203.0.113.80')
  })

  it('cannot send us to ourselves or nowhere (CVE-2026-50251)', async () => {
    const addresses = ['0.0.0.0', '127.0.0.1', '224.0.0.1', '255.255.255.255', '169.254.0.1', '240.0.0.1']
    const world = withEvil(({ query }) =>
      replyTo(query, {
        aa: false,
        authorities: records('sub.evil.test. NS ns.sub.evil.test.'),
        additionals: records(
          [
            ...addresses.map((a) => `A ${a}`),
            'AAAA ::',
            'AAAA ::1',
            'AAAA ::ffff:127.0.0.1',
            'AAAA fe80::1',
            'AAAA ff02::1',
          ]
            .map((rr) => `ns.sub.evil.test. ${rr}`)
            .join('\n'),
        ),
      }),
    )
    world.net.ipv6 = true
    const error = await failureOf(world.ask('www.sub.evil.test.'))
    expect(error.message).toContain('no address that may be asked')
    expect(world.net.log.every(({ address }) => address.startsWith('192.0.2.') || address === ROOT_ADDRESS)).toBe(true)
  })
})

describe('an off-path spoofer', () => {
  /** Sends a forged reply before the true one. */
  const forging =
    (forge: (id: number, message: Parameters<typeof replyTo>[0]) => Uint8Array): Behaviour =>
    ({ query, protocol }, honest) =>
      protocol === 'tcp' ? honest() : [forge(query.id, query), encodeMessage(honest())]

  it('with a wrong id makes the query go over TCP instead of guessing on', async () => {
    const world = withEvil((_, honest) => honest())
    world.net.servers.get('192.0.2.2')!.behave = forging((id, query) =>
      encodeMessage({ ...replyTo(query, { answers: records('www.example.test. A 6.6.6.6') }), id: id ^ 1 }),
    )
    expect(shown(await world.ask('www.example.test.'))).toBe('203.0.113.80')
    expect(world.recursor.stats().nearMisses).toBeGreaterThan(0)
    expect(world.recursor.stats().tcpQueries).toBeGreaterThan(0)
    expect(poison(world)).toEqual([])
  })

  it('with the right id but not the case gains nothing (0x20)', async () => {
    const world = withEvil((_, honest) => honest())
    world.net.servers.get('192.0.2.2')!.behave = forging((_, query) => {
      const lower = query.questions.map((q) => ({ ...q, name: parseName(nameToText(q.name).toLowerCase()) }))
      return encodeMessage({ ...replyTo(query, { answers: records('www.example.test. A 6.6.6.6') }), questions: lower })
    })
    expect(shown(await world.ask('www.example.test.'))).toBe('203.0.113.80')
    expect(poison(world)).toEqual([])
  })

  it('with malformed, foreign or unrelated datagrams does not end the wait (TuDoor)', async () => {
    const junk: ((id: number, query: Parameters<typeof replyTo>[0]) => Uint8Array)[] = [
      () => new Uint8Array(0),
      () => new Uint8Array(11),
      (_, query) => encodeMessage(query),
      (_, query) => encodeMessage(replyTo(query, { questions: [question('other.test.')] })),
      (_, query) => encodeMessage(replyTo(query, { questions: [] })),
      (_, query) => {
        const bytes = encodeMessage(replyTo(query, {}))
        bytes[7] = 200
        return bytes
      },
      (_, query) => encodeMessage(replyTo(query, { opcode: 4 })),
    ]
    for (const forge of junk) {
      const world = withEvil((_, honest) => honest())
      world.net.servers.get('192.0.2.2')!.behave = forging(forge)
      expect(shown(await world.ask('www.example.test.'))).toBe('203.0.113.80')
      expect(world.recursor.stats().timeouts).toBe(0)
      expect(world.recursor.stats().tcpQueries).toBe(0)
    }
  })

  it('with a forged FORMERR strips no server of EDNS for longer than that query (CVE-2026-52690)', async () => {
    const world = withEvil((_, honest) => honest(), { qnameMinimisation: 'off' })
    await world.ask('ns.example.test.')
    const forged = forging((_, query) => {
      const { edns: _edns, ...plain } = replyTo(query, { aa: false, rcode: 1 })
      return encodeMessage(plain)
    })
    world.net.servers.get('192.0.2.2')!.behave = (log, honest) =>
      log.query.edns === undefined ? honest() : forged(log, honest)
    await world.ask('www.example.test.')
    world.net.servers.get('192.0.2.2')!.behave = (_, honest) => honest()
    await world.ask('x.example.test.')
    expect(world.net.log.at(-1)?.query.edns).toBeDefined()
  })
})

describe('a server that does not keep the case of names', () => {
  it('is found out over TCP, and then asked plainly', async () => {
    const world = withEvil((_, honest) => honest(), { qnameMinimisation: 'off' })
    world.net.servers.get('192.0.2.2')!.behave = ({ query }, honest) => ({
      ...honest(),
      questions: query.questions.map((q) => ({ ...q, name: parseName(nameToText(q.name).toLowerCase()) })),
    })
    expect(shown(await world.ask('www.example.test.'))).toBe('203.0.113.80')
    const before = world.recursor.stats().tcpQueries
    expect(shown(await world.ask('alias.example.test.'))).toBe('CNAME www.example.test.')
    expect(world.recursor.stats().tcpQueries).toBe(before)
  })
})

describe('a server without EDNS', () => {
  it('is asked once more without it', async () => {
    for (const rcode of [1, 4]) {
      const world = withEvil((_, honest) => honest())
      world.net.servers.get('192.0.2.2')!.behave = ({ query }, honest) => {
        const { edns: _edns, ...plain } = honest()
        return query.edns === undefined ? plain : { ...plain, rcode, aa: false, answers: [], authorities: [] }
      }
      expect(shown(await world.ask('www.example.test.'))).toBe('203.0.113.80')
    }
  })
})

describe('amplification, measured in queries to the victim and in all', () => {
  const victimQueries = (world: World) => world.net.log.filter(({ address }) => address === '192.0.2.2').length

  it('NXNSAttack: a referral to many names of the victim costs it a handful', async () => {
    for (const count of [20, 500]) {
      const world = withEvil(({ query }) => {
        const authorities = Array.from({ length: count }, (_, i) =>
          records(`sub.evil.test. NS n${i}.example.test.`),
        ).flat()
        return replyTo(query, { aa: false, authorities })
      })
      const error = await failureOf(world.ask('www.sub.evil.test.'))
      expect(error.message).toContain('too many name servers without an address')
      expect(victimQueries(world)).toBeLessThanOrEqual(5)
      expect(world.net.log.length).toBeLessThan(20)
    }
  })

  it('NXNSAttack over many referrals is bounded by the client query, not by the delegation', async () => {
    const world = withEvil(({ question: asked, query }) => {
      const cut = nameToText(asked.name).toLowerCase().split('.').slice(-4).join('.')
      const authorities = Array.from({ length: 10 }, (_, i) =>
        records(`${cut} NS n${i}-${asked.name.labels}-${cut.split('.')[0]}.example.test.`),
      ).flat()
      return replyTo(query, { aa: false, authorities })
    })
    const budget = world.budget()
    for (let i = 0; i < 30; i++) await failureOf(world.ask(`www.s${i}.evil.test.`, 'A', { budget }))
    expect(victimQueries(world)).toBeLessThanOrEqual(32)
  })

  it('CAMP: referrals, aliases and name servers that multiply stay within one budget', async () => {
    let serial = 0
    const world = withEvil(({ question: asked, query }) => {
      serial++
      const cut = nameToText(asked.name).toLowerCase()
      const servers = Array.from({ length: 13 }, (_, i) => `${cut} NS n${i}.d${serial}.evil.test.`)
      return cut === 'evil.test.'
        ? replyTo(query, {})
        : replyTo(query, { aa: false, authorities: records(servers.join('\n')) })
    })
    const budget = world.budget()
    await failureOf(world.ask('a.b.c.d.e.f.evil.test.', 'A', { budget }))
    expect(world.net.log.length).toBeLessThanOrEqual(200)
    expect(world.recursor.stats().inFlight).toBe(0)
  })

  /** Refers one label further down with each query, to `addresses`. */
  function referringDown(addresses: readonly string[]): Behaviour {
    let labels = 2
    return ({ question: asked, query, address }) => {
      if (address !== addresses.at(-1)) return replyTo(query, { aa: false, rcode: 5 })
      labels = Math.min(labels + 1, asked.name.labels)
      const cut = nameToText(suffixName(asked.name, labels)).toLowerCase()
      return replyTo(query, {
        aa: false,
        authorities: records(`${cut} NS ns.${cut}`),
        additionals: records(addresses.map((to) => `ns.${cut} A ${to}`).join('\n')),
      })
    }
  }
  const deep = `${Array.from({ length: 60 }, (_, i) => `l${i}`).join('.')}.evil.test.`

  it('a chain of referrals without end is cut off', async () => {
    const world = withEvil(referringDown(['192.0.2.66']), { qnameMinimisation: 'off' })
    const error = await failureOf(world.ask(deep))
    expect(error).toMatchObject({ code: 'RECURSE_FAILED', detail: { reason: 'too-deep' } })
    expect(world.net.log.length).toBeLessThanOrEqual(45)
  })

  it('one question sends at most fifty queries itself, whatever is left of the budget', async () => {
    const addresses = ['192.0.2.71', '192.0.2.72', '192.0.2.73', '192.0.2.66']
    const behave = referringDown(addresses)
    const world = withEvil(behave, { qnameMinimisation: 'off' })
    for (const address of addresses) world.net.serve(address, [], behave)
    const error = await failureOf(world.ask(deep, 'A', { budget: world.budget({ queries: 1_000 }) }))
    expect(error).toMatchObject({ code: 'RECURSE_FAILED', detail: { reason: 'budget' } })
    expect(world.net.log.length).toBe(51)
  })

  it('name servers whose name servers need name servers, and so on, are followed seven deep', async () => {
    const world = withEvil(({ question: asked, query }) => {
      const labels = nameToText(asked.name).toLowerCase().split('.').slice(0, -3)
      const level = Number(labels.at(-1)?.slice(1))
      if (Number.isNaN(level)) return replyTo(query, {})
      return replyTo(query, { aa: false, authorities: records(`d${level}.evil.test. NS ns.d${level + 1}.evil.test.`) })
    })
    const error = await failureOf(world.ask('www.d0.evil.test.'))
    expect(error).toMatchObject({ code: 'RECURSE_FAILED' })
    const zones = new Set(
      world.net.log.map(({ question: { name } }) => nameToText(suffixName(name, Math.min(3, name.labels)))),
    )
    expect(
      [...zones]
        .filter((name) => /^d\d/i.test(name))
        .map((name) => name.toLowerCase())
        .sort()
        .at(-1),
    ).toBe('d7.evil.test.')
  })

  it('one address under many names is asked once (CVE-2026-3592)', async () => {
    const world = withEvil(({ query }) => {
      const names = Array.from({ length: 13 }, (_, i) => `ns${i}.sub.evil.test.`)
      return replyTo(query, {
        aa: false,
        authorities: records(names.map((name) => `sub.evil.test. NS ${name}`).join('\n')),
        additionals: records(names.map((name) => `${name} A 192.0.2.2`).join('\n')),
      })
    })
    await failureOf(world.ask('www.sub.evil.test.'))
    expect(victimQueries(world)).toBeLessThanOrEqual(2)
  })

  it('bytes are charged too', async () => {
    const world = withEvil((_, honest) => honest())
    const error = await failureOf(world.ask('www.example.test.', 'A', { budget: world.budget({ bytes: 150 }) }))
    expect(error).toMatchObject({ code: 'BUDGET_SPENT', detail: { resource: 'bytes' } })
  })
})

describe('a revoked domain (ghost and phoenix domains)', () => {
  it('cannot stretch its own delegation, nor keep one of its children longer', async () => {
    const world = makeWorld()
    threeLevels(world)
    const soaNs = '@ SOA ns.test. h. 1 2 3 4 60\n@ NS ns.test.\nns A 192.0.2.1'
    world.net.serve('192.0.2.1', [zone('test.', `${soaNs}\nghost 100 NS ns.ghost\nns.ghost 100 A 192.0.2.66`)])
    world.net.serve('192.0.2.66', [], ({ query, question: asked }) => {
      const ns = records('ghost.test. 86400 NS ns.ghost.test.')
      const below = isSubdomain(asked.name, parseName('sub.ghost.test.'))
      if (below && asked.name.labels > 3 && !nameToText(asked.name).includes('deep')) {
        return replyTo(query, { answers: records(`${nameToText(asked.name)} 1 A 203.0.113.66`), authorities: ns })
      }
      if (below) {
        const authorities = records('sub.ghost.test. 86400 NS ns.sub.ghost.test.')
        return replyTo(query, { aa: false, authorities, additionals: records('ns.sub.ghost.test. 86400 A 192.0.2.67') })
      }
      return replyTo(query, {
        answers: asked.type === Type.NS ? ns : records(`${nameToText(asked.name)} 1 A 203.0.113.66`),
        authorities: ns,
        additionals: records('ns.ghost.test. 86400 A 192.0.2.66'),
      })
    })
    world.net.serve('192.0.2.67', [], ({ query, question: asked }) =>
      replyTo(query, { answers: records(`${nameToText(asked.name)} 1 A 203.0.113.67`) }),
    )
    await world.ask('www.ghost.test.')
    await world.ask('x.deep.sub.ghost.test.')
    // The registry takes the domain away; the ghost is asked for again and again, to refresh itself.
    world.net.serve('192.0.2.1', [zone('test.', soaNs)])
    for (let i = 0; i < 9; i++) {
      world.clock.skip(10_000)
      await world.ask(`w${i}.ghost.test.`).catch(() => undefined)
      await world.ask('ghost.test.', 'NS').catch(() => undefined)
      await world.ask(`w${i}.deep.sub.ghost.test.`).catch(() => undefined)
    }
    world.clock.skip(11_000)
    expect(shown(await world.ask('new.ghost.test.'))).toBe('NXDOMAIN test.')
    expect(shown(await world.ask('new.deep.sub.ghost.test.'))).toBe('NXDOMAIN test.')
  })
})

describe('real shapes', () => {
  it('13 name servers, of which most are dead, still answer', async () => {
    for (const seed of SEEDS) {
      const world = makeWorld({}, seed)
      threeLevels(world)
      const ns = Array.from({ length: 13 }, (_, i) => `example NS n${i}.example\nn${i}.example A 192.0.2.${100 + i}`)
      world.net.serve('192.0.2.1', [
        zone('test.', `@ SOA ns.test. h. 1 2 3 4 60\n@ NS ns.test.\nns A 192.0.2.1\n${ns.join('\n')}`),
      ])
      for (const i of [3, 8]) {
        world.net.serve(`192.0.2.${100 + i}`, [
          zone('example.test.', '@ SOA n3 h. 1 2 3 4 60\n@ NS n3\nwww A 203.0.113.80'),
        ])
      }
      expect(shown(await world.ask('www.example.test.'))).toBe('203.0.113.80')
    }
  })

  it('a CNAME chain of eleven links, each in a zone of its own with foreign name servers, fits the budget', async () => {
    const world = makeWorld()
    const zones = Array.from({ length: 11 }, (_, i) => `z${i}.test.`)
    const cuts = zones.map((apex, i) => `${apex} NS ns${i}.dns.test.\nns${i}.dns.test. A 192.0.2.${20 + i}`)
    world.net.serve(ROOT_ADDRESS, [rootZone('test. NS ns.test.\nns.test. A 192.0.2.1')])
    world.net.serve('192.0.2.1', [zone('test.', `@ SOA ns h. 1 2 3 4 60\n@ NS ns\nns A 192.0.2.1\n${cuts.join('\n')}`)])
    zones.forEach((apex, i) => {
      const data = i === 10 ? 'www A 203.0.113.11' : `www CNAME www.z${i + 1}.test.`
      world.net.serve(`192.0.2.${20 + i}`, [zone(apex, `@ SOA ns h. 1 2 3 4 60\n@ NS ns${i}.dns.test.\n${data}`)])
    })
    const budget = world.budget()
    let name = 'www.z0.test.'
    let last = ''
    for (let i = 0; i < 11; i++) {
      last = shown(await world.ask(name, 'A', { budget }))
      name = last.replace('CNAME ', '')
    }
    expect(last).toBe('203.0.113.11')
    expect(world.net.log.length).toBeLessThan(60)
  })
})

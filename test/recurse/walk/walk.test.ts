import { describe, expect, it } from 'vitest'
import { concatBytes } from '../../../src/base/index.ts'
import { Rank } from '../../../src/cache/index.ts'
import { nameToText, parseName } from '../../../src/dns/index.ts'
import { replyTo, zone } from '../fake-internet.ts'
import { failureOf, makeWorld, question, ROOT_ADDRESS, rootZone, shown, threeLevels, type World } from '../harness.ts'

function started(change = {}): World {
  const world = makeWorld(change)
  threeLevels(world)
  return world
}

const queries = (world: World) => world.steps.filter((step) => step.kind === 'query')

describe('a walk from the root', () => {
  it('goes down referral by referral to the answering zone', async () => {
    const world = started()
    const finding = await world.ask('www.example.test.')
    expect(shown(finding)).toBe('203.0.113.80')
    expect(nameToText(finding.outcome.apex)).toBe('example.test.')
    expect(finding.evidence).toEqual({ security: 'indeterminate', provenance: 'solo', observers: [] })
    expect(queries(world).map((step) => `${nameToText(step.zone)} ${step.result}`)).toEqual([
      '. answer',
      '. referral to test.',
      'test. referral to example.test.',
      'example.test. answer',
    ])
  })

  it('starts from the deepest zone it knows the second time, and from the answer the third', async () => {
    const world = started()
    await world.ask('www.example.test.')
    const before = world.net.log.length
    await world.ask('ns.example.test.')
    expect(world.net.log.length).toBe(before + 1)
    await world.ask('WWW.EXAMPLE.test.')
    expect(world.net.log.length).toBe(before + 1)
    expect(world.steps.at(-1)).toMatchObject({ kind: 'cache', what: 'answer' })
  })

  it('asks again when told to, but keeps the delegations', async () => {
    const world = started()
    await world.ask('www.example.test.')
    const before = world.net.log.length
    await world.ask('www.example.test.', 'A', { fresh: true })
    expect(world.net.log.length).toBe(before + 1)
  })

  it('gives one link: a CNAME is the answer, and what follows in the same zone is in the cache', async () => {
    const world = started()
    expect(shown(await world.ask('alias.example.test.'))).toBe('CNAME www.example.test.')
    const before = world.net.log.length
    expect(shown(await world.ask('www.example.test.'))).toBe('203.0.113.80')
    expect(world.net.log.length).toBe(before)
  })

  it('says which zone has nothing, and for how long (RFC 2308: the lesser of TTL and MINIMUM)', async () => {
    const world = started()
    const gone = await world.ask('gone.example.test.')
    expect(shown(gone)).toBe('NXDOMAIN example.test.')
    expect(gone.expires - world.clock.now()).toBe(60_000)
    expect(shown(await world.ask('www.example.test.', 'MX'))).toBe('NODATA example.test.')
    const before = world.net.log.length
    expect(shown(await world.ask('gone.example.test.'))).toBe('NXDOMAIN example.test.')
    expect(world.net.log.length).toBe(before)
    // Nobody has proven it: other types may be there (RFC 4074 section 4.2).
    expect(shown(await world.ask('gone.example.test.', 'TXT'))).toBe('NXDOMAIN example.test.')
    expect(world.net.log.length).toBe(before + 1)
  })

  it('asks the parent for a DS set', async () => {
    const world = started()
    expect(shown(await world.ask('example.test.', 'DS'))).toBe('NODATA test.')
    expect(world.net.askedOf('192.0.2.2')).toBe(0)
  })

  it('sends each server DO, a 1232 byte payload, RD=0 and a fresh id', async () => {
    const world = started()
    await world.ask('www.example.test.')
    for (const { query } of world.net.log) {
      expect(query.rd).toBe(false)
      expect(query.edns).toMatchObject({ udpSize: 1232, do: true, version: 0 })
    }
    expect(new Set(world.net.log.map(({ query }) => query.id)).size).toBe(world.net.log.length)
  })

  it('keeps the case the client asked with out of the random case it sends', async () => {
    const world = started()
    const finding = await world.ask('alias.example.test.')
    expect(finding.outcome.kind === 'rrset' && nameToText(finding.outcome.rrset.name)).toBe('alias.example.test.')
    const sent = world.net.log.map((asked) => nameToText(asked.question.name))
    expect(sent.some((name) => name !== name.toLowerCase())).toBe(true)
  })

  it('keeps it out of names that point at the question, in owners and in rdata', async () => {
    const world = started({ qnameMinimisation: 'off' })
    world.net.servers.get('192.0.2.2')!.behave = ({ query, question: { name } }) =>
      replyTo(query, {
        answers: [{ name, type: 5, class: 1, ttl: 60, rdata: concatBytes(Uint8Array.of(1, 120), name.wire) }],
      })
    for (const label of ['some', 'other', 'longer-label']) {
      const asked = `${label}.example.test.`
      expect(shown(await world.ask(asked))).toBe(`CNAME x.${asked}`)
      const entry = world.cache.get('main', question(asked), world.clock.now())
      expect(entry?.outcome.kind === 'rrset' && nameToText(entry.outcome.rrset.name)).toBe(asked)
    }
  })

  it('fetches each name of a chain from its own zone', async () => {
    const world = started()
    expect(shown(await world.ask('out.example.test.'))).toBe('CNAME www.other.test.')
    expect(world.cache.get('main', question('www.other.test.'), world.clock.now())).toBeUndefined()
  })
})

describe('a parent and a child on the same servers', () => {
  it('shows its true apex by the SOA', async () => {
    const world = makeWorld()
    world.net.serve(ROOT_ADDRESS, [rootZone('test. NS ns.test.\nns.test. A 192.0.2.1')])
    world.net.serve('192.0.2.1', [
      zone('test.', '@ SOA ns h. 1 2 3 4 60\n@ NS ns\nns A 192.0.2.1\nchild NS ns'),
      zone('child.test.', '@ SOA ns.test. h. 1 2 3 4 60\n@ NS ns.test.\nwww A 203.0.113.1'),
    ])
    expect(shown(await world.ask('gone.child.test.'))).toBe('NXDOMAIN child.test.')
  })
})

describe('name servers without glue', () => {
  function glueless(): World {
    const world = makeWorld()
    world.net.serve(ROOT_ADDRESS, [
      rootZone('test. NS ns.test.\nns.test. A 192.0.2.1\nother. NS ns.other.\nns.other. A 192.0.2.3'),
    ])
    world.net.serve('192.0.2.1', [
      zone('test.', '@ SOA ns h. 1 2 3 4 60\n@ NS ns\nns A 192.0.2.1\nexample NS dns.other.\ncircle NS ns.ring.other.'),
    ])
    world.net.serve('192.0.2.3', [
      zone(
        'other.',
        '@ SOA ns h. 1 2 3 4 60\n@ NS ns\nns A 192.0.2.3\ndns CNAME real.other.\nreal A 192.0.2.4\nring NS ns.circle.test.',
      ),
    ])
    world.net.serve('192.0.2.4', [zone('example.test.', '@ SOA ns h. 1 2 3 4 60\n@ NS dns.other.\nwww A 203.0.113.9')])
    return world
  }

  it('are looked up, through an alias if need be', async () => {
    expect(shown(await glueless().ask('www.example.test.'))).toBe('203.0.113.9')
  })

  it('in a circle end in a failure, not in waiting (TsuNAME)', async () => {
    const world = glueless()
    const error = await failureOf(world.ask('www.circle.test.'))
    expect(error).toMatchObject({ code: 'RECURSE_FAILED', detail: { reason: 'no-servers' } })
    expect(world.clock.monotonic()).toBeLessThan(1_000)
    expect(world.net.log.length).toBeLessThan(15)
    expect(world.recursor.stats().inFlight).toBe(0)
  })

  it('in a circle end in a failure from both ends at once', async () => {
    const world = glueless()
    const asks = ['www.circle.test.', 'www.ring.other.'].map((name) => failureOf(world.ask(name)))
    for (const error of await Promise.all(asks)) expect(error.code).toBe('RECURSE_FAILED')
    expect(world.recursor.stats().inFlight).toBe(0)
  })
})

describe('truncation', () => {
  it('moves the query to TCP', async () => {
    const world = started()
    const text = Array.from({ length: 16 }, (_, i) => `big TXT "${String(i).padStart(200, 'x')}"`).join('\n')
    world.net.serve('192.0.2.2', [zone('example.test.', `@ SOA ns h. 1 2 3 4 60\n@ NS ns\nns A 192.0.2.2\n${text}`)])
    expect(shown(await world.ask('big.example.test.', 'TXT'))).toBe('TYPE16 x16')
    expect(
      queries(world)
        .slice(-2)
        .map((step) => `${step.protocol} ${step.result}`),
    ).toEqual(['udp truncated', 'tcp answer'])
    expect(world.recursor.stats().tcpQueries).toBe(1)
  })

  it('over TCP too makes the server useless', async () => {
    const world = started()
    world.net.serve('192.0.2.2', [], ({ query }) => replyTo(query, { tc: true }))
    const error = await failureOf(world.ask('www.example.test.'))
    expect(error.message).toContain('truncated even over TCP')
    const overTcp = world.net.log.filter(({ address, protocol }) => address === '192.0.2.2' && protocol === 'tcp')
    expect(overTcp.length).toBe(1)
  })
})

describe('ranks', () => {
  it('files what authority sections show below what was answered', async () => {
    const world = started()
    world.net.servers.get('192.0.2.2')!.behave = ({ query }, honest) => {
      const reply = honest()
      const ns = {
        name: parseName('example.test.'),
        type: 2,
        class: 1,
        ttl: 300,
        rdata: parseName('ns.example.test.').wire,
      }
      return query.questions[0]!.type === 1 && reply.answers.length > 0 ? { ...reply, authorities: [ns] } : reply
    }
    await world.ask('www.example.test.')
    const now = world.clock.now()
    expect(world.cache.get('main', question('www.example.test.'), now)?.rank).toBe(Rank.AUTHORITATIVE)
    expect(world.cache.get('main', question('example.test.', 'NS'), now)?.rank).toBe(Rank.AUTHORITY_SECTION)
    expect(world.cache.get('main', question('ns.example.test.'), now)).toBeUndefined()
  })
})

describe('the origin of an answer', () => {
  it('`own` reads nothing that came from the ring', async () => {
    const world = started()
    const first = await world.ask('www.example.test.')
    const asked = question('www.example.test.')
    world.cache.remove('main', asked)
    world.cache.put(
      'main',
      {
        question: asked,
        outcome: first.outcome,
        rank: Rank.AGREED,
        side: 'ring',
        security: 'indeterminate',
        provenance: 'agreed',
        stored: world.clock.now(),
        expires: world.clock.now() + 60_000,
      },
      world.clock.now(),
    )
    const before = world.net.log.length
    expect((await world.ask('www.example.test.')).evidence.provenance).toBe('agreed')
    expect(world.net.log.length).toBe(before)
    expect((await world.ask('www.example.test.', 'A', { origin: 'own' })).evidence.provenance).toBe('solo')
    expect(world.net.log.length).toBe(before + 1)
  })
})

describe('configured zones', () => {
  const servers = [{ address: '127.0.0.1', port: 5_353 }]

  it('are asked at their servers, and kept apart from the rest', async () => {
    const world = started({ stubs: [{ zone: parseName('lan.'), servers }] })
    world.net.serve('127.0.0.1', [zone('lan.', '@ SOA ns h. 1 2 3 4 60\n@ NS ns\nns A 127.0.0.1\nnas A 10.0.0.2')])
    expect(shown(await world.ask('nas.lan.'))).toBe('10.0.0.2')
    const now = world.clock.now()
    expect(world.cache.get('stub:lan.', question('nas.lan.'), now)).toBeDefined()
    expect(world.cache.get('main', question('nas.lan.'), now)).toBeUndefined()
    expect(world.net.askedOf(ROOT_ADDRESS)).toBe(0)
  })

  it('that forward are asked with RD=1, and may answer without authority', async () => {
    const world = started({ forwards: [{ zone: parseName('corp.'), servers }] })
    world.net.serve(
      '127.0.0.1',
      [zone('corp.', '@ SOA ns h. 1 2 3 4 60\nwww CNAME host.corp.\nhost A 10.0.0.3')],
      (_, honest) => ({
        ...honest(),
        aa: false,
        ra: true,
      }),
    )
    expect(shown(await world.ask('www.corp.'))).toBe('CNAME host.corp.')
    expect(shown(await world.ask('host.corp.'))).toBe('10.0.0.3')
    expect(world.net.log.every(({ query }) => query.rd)).toBe(true)
    expect(world.net.log).toHaveLength(1)
  })

  it('are not spoken for by the zones around them (MaginotDNS)', async () => {
    const world = started({ stubs: [{ zone: parseName('lan.example.test.'), servers }] })
    world.net.serve('127.0.0.1', [
      zone('lan.example.test.', '@ SOA ns h. 1 2 3 4 60\n@ NS ns\nns A 127.0.0.1\nnas A 10.0.0.2'),
    ])
    world.net.serve('192.0.2.2', [
      zone('example.test.', '@ SOA ns h. 1 2 3 4 60\n@ NS ns\nns A 192.0.2.2\nx CNAME nas.lan\nnas.lan A 6.6.6.6'),
    ])
    expect(shown(await world.ask('x.example.test.'))).toBe('CNAME nas.lan.example.test.')
    const now = world.clock.now()
    for (const context of ['main', 'stub:lan.example.test.']) {
      expect(world.cache.get(context, question('nas.lan.example.test.'), now)).toBeUndefined()
    }
    expect(shown(await world.ask('nas.lan.example.test.'))).toBe('10.0.0.2')
  })

  it('may not speak for names outside themselves (MaginotDNS)', async () => {
    const world = started({ forwards: [{ zone: parseName('corp.'), servers }] })
    const corp = zone('corp.', '@ SOA ns h. 1 2 3 4 60\nwww CNAME www.example.test.\nwww.example.test. A 6.6.6.6')
    world.net.serve('127.0.0.1', [corp], ({ query }) =>
      replyTo(query, { aa: false, ra: true, answers: corp.records.slice(1) }),
    )
    expect(shown(await world.ask('www.corp.'))).toBe('CNAME www.example.test.')
    expect(shown(await world.ask('www.example.test.'))).toBe('203.0.113.80')
  })
})

import { describe, expect, it } from 'vitest'
import { nameToText, typeToText } from '../../../src/dns/index.ts'
import { type Behaviour, replyTo } from '../fake-internet.ts'
import { failureOf, makeWorld, ROOT_ADDRESS, shown, threeLevels, type World } from '../harness.ts'

const DEEP = 'a.b.c.d.example.test.'

function started(mode: 'strict' | 'relaxed' | 'off', behave?: Behaviour): World {
  const world = makeWorld({ qnameMinimisation: mode })
  threeLevels(world)
  if (behave !== undefined) world.net.servers.get('192.0.2.2')!.behave = behave
  return world
}

const asked = (world: World, address: string) =>
  world.net.log
    .filter((log) => log.address === address)
    .map((log) => `${nameToText(log.question.name).toLowerCase()} ${typeToText(log.question.type)}`)

/** Does `wrong` for every name but the full one. */
const wrongForShort =
  (wrong: Behaviour): Behaviour =>
  (log, honest) =>
    nameToText(log.question.name).toLowerCase() === DEEP ? honest() : wrong(log, honest)

describe('minimisation', () => {
  it('tells each server no more than it needs', async () => {
    const world = started('relaxed')
    expect(shown(await world.ask(DEEP))).toBe('203.0.113.4')
    expect(asked(world, ROOT_ADDRESS)).toEqual(['. NS', 'test. A'])
    expect(asked(world, '192.0.2.1')).toEqual(['example.test. A'])
    expect(asked(world, '192.0.2.2')).toEqual([
      'd.example.test. A',
      'c.d.example.test. A',
      'b.c.d.example.test. A',
      'a.b.c.d.example.test. A',
    ])
  })

  it('hides the type too, until the full name is asked', async () => {
    const world = started('relaxed')
    await world.ask(DEEP, 'TXT')
    expect(asked(world, '192.0.2.2').at(-1)).toBe(`${DEEP} TXT`)
    expect(
      asked(world, '192.0.2.2')
        .slice(0, -1)
        .every((text) => text.endsWith(' A')),
    ).toBe(true)
  })

  it('does not ask again for names it has walked through', async () => {
    const world = started('relaxed')
    await world.ask(DEEP)
    const before = world.net.log.length
    await world.ask('z.b.c.d.example.test.')
    expect(world.net.log.length).toBe(before + 1)
  })

  it('can be switched off', async () => {
    const world = started('off')
    await world.ask(DEEP)
    expect(asked(world, ROOT_ADDRESS).at(-1)).toBe(`${DEEP} A`)
  })

  const broken: Record<string, Behaviour> = {
    'NXDOMAIN for empty non-terminals': ({ query }) => replyTo(query, { rcode: 3 }),
    REFUSED: ({ query }) => replyTo(query, { aa: false, rcode: 5 }),
    SERVFAIL: ({ query }) => replyTo(query, { aa: false, rcode: 2 }),
    'lame replies': ({ query }) => replyTo(query, { aa: false }),
    silence: () => 'silent',
  }

  for (const [what, wrong] of Object.entries(broken)) {
    it(`survives servers that give ${what} to shortened names`, async () => {
      expect(shown(await started('relaxed', wrongForShort(wrong)).ask(DEEP))).toBe('203.0.113.4')
    })
  }

  it('when strict takes NXDOMAIN of a shorter name for the answer (RFC 8020)', async () => {
    const world = started(
      'strict',
      wrongForShort(({ query }) => replyTo(query, { rcode: 3 })),
    )
    expect(shown(await world.ask(DEEP))).toBe('NXDOMAIN example.test.')
  })

  it('when strict fails with a server that refuses shortened names', async () => {
    const world = started(
      'strict',
      wrongForShort(({ query }) => replyTo(query, { aa: false, rcode: 5 })),
    )
    expect((await failureOf(world.ask(DEEP))).code).toBe('RECURSE_FAILED')
  })

  it('takes at most ten steps for a name of any depth (RFC 9156)', async () => {
    const world = started('relaxed')
    await world.ask(`${Array.from({ length: 30 }, (_, i) => `l${i}`).join('.')}.d.example.test.`, 'TXT')
    expect(world.net.log.length).toBeLessThanOrEqual(14)
  })
})

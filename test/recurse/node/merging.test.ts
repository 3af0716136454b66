import { describe, expect, it } from 'vitest'
import { sleep } from '../../../src/base/index.ts'
import { Flight, FlightTable } from '../../../src/recurse/job/flights.ts'
import { failureOf, makeWorld, shown, threeLevels, type World } from '../harness.ts'

function started(): World {
  const world = makeWorld()
  threeLevels(world)
  return world
}

describe('equal questions in flight', () => {
  it('are one piece of work', async () => {
    const world = started()
    await world.ask('www.example.test.')
    const before = world.net.log.length
    const asks = Array.from({ length: 50 }, () => world.ask('b.example.test.'))
    for (const finding of await Promise.all(asks)) expect(shown(finding)).toBe('NXDOMAIN example.test.')
    expect(world.net.log.length).toBe(before + 1)
    expect(world.recursor.stats()).toMatchObject({ merged: 49, inFlight: 0 })
  })

  it('are told apart by origin: an observation never rides on what the ring may have answered', async () => {
    const world = started()
    await world.ask('www.example.test.')
    const before = world.net.log.length
    await Promise.all([world.ask('b.example.test.'), world.ask('b.example.test.', 'A', { origin: 'own' })])
    expect(world.net.log.length).toBe(before + 2)
  })

  it('go on when the first who asked gives up, and end when the last does', async () => {
    const world = started()
    const first = new AbortController()
    const given = failureOf(world.ask('www.example.test.', 'A', { signal: first.signal }))
    const waiting = world.ask('www.example.test.')
    await Promise.resolve()
    first.abort()
    expect((await given).code).toBe('ABORTED')
    expect(shown(await waiting)).toBe('203.0.113.80')

    const last = new AbortController()
    const alone = failureOf(world.ask('c.example.test.', 'A', { signal: last.signal }))
    await world.clock.run(sleep(world.clock, 5))
    expect(world.net.abandoned).toBe(0)
    last.abort()
    expect((await alone).code).toBe('ABORTED')
    expect(world.net.abandoned).toBe(1)
    expect(world.recursor.stats().inFlight).toBe(0)
    expect(shown(await world.ask('c.example.test.'))).toBe('NXDOMAIN example.test.')
  })

  it('do not fail because one who asked cannot hear how it goes', async () => {
    const world = started()
    const steps: string[] = []
    const deaf = world.ask('www.example.test.', 'A', {
      onStep: () => {
        throw new Error('no')
      },
    })
    const other = world.ask('www.example.test.', 'A', { onStep: ({ kind }) => steps.push(kind) })
    expect(shown(await other)).toBe('203.0.113.80')
    expect(shown(await deaf)).toBe('203.0.113.80')
    expect(steps).toContain('query')
  })

  it('do not fail with the budget of the one who asked first', async () => {
    const world = started()
    const poor = failureOf(world.ask('www.example.test.', 'A', { budget: world.budget({ queries: 1 }) }))
    const rich = world.ask('www.example.test.')
    expect((await poor).code).toBe('BUDGET_SPENT')
    expect(shown(await rich)).toBe('203.0.113.80')
  })

  it('are waited for no longer than the own budget lasts', async () => {
    const world = started()
    await world.ask('www.example.test.')
    world.net.servers.get('192.0.2.2')!.behave = () => 'silent'
    const patient = failureOf(world.ask('d.example.test.'))
    const hasty = failureOf(world.ask('d.example.test.', 'A', { budget: world.budget({ timeMs: 100 }) }))
    const before = world.clock.monotonic()
    expect(await hasty).toMatchObject({ code: 'BUDGET_SPENT', detail: { resource: 'time' } })
    expect(world.clock.monotonic() - before).toBeLessThan(200)
    expect((await patient).code).toBe('RECURSE_FAILED')
  })

  it('are not begun at all for a signal that has fired', async () => {
    const world = started()
    const error = await failureOf(world.ask('www.example.test.', 'A', { signal: AbortSignal.abort() }))
    expect(error.code).toBe('ABORTED')
    expect(world.net.log).toHaveLength(0)
  })
})

describe('flights', () => {
  it('know a circle over any number of steps', () => {
    const [a, b, c, d] = [new Flight(0), new Flight(0), new Flight(0), new Flight(0)]
    a.waitFor(b)
    b.waitFor(c)
    c.waitFor(b)
    expect(a.dependsOn(a)).toBe(true)
    expect(a.dependsOn(c)).toBe(true)
    expect(c.dependsOn(a)).toBe(false)
    expect(a.dependsOn(d)).toBe(false)
    a.stopWaitingFor(b)
    expect(a.dependsOn(c)).toBe(false)
  })

  it('forget work that failed, so that the next one begins anew', async () => {
    const flights = new FlightTable<number>(() => 0, 200)
    const waiter = { signal: new AbortController().signal }
    await expect(flights.join('k', waiter, () => Promise.reject(new Error('first')))).rejects.toThrow('first')
    await expect(flights.join('k', waiter, () => Promise.resolve(2))).resolves.toBe(2)
    expect(flights.size).toBe(0)
  })

  it('of an age give way to new ones where there is no room, the oldest first', async () => {
    let now = 0
    const flights = new FlightTable<number>(() => now, 200)
    const waiter = { signal: new AbortController().signal }
    const signals: AbortSignal[] = []
    const stuck = ['a', 'b'].map((key) =>
      flights.join(key, waiter, ({ signal }) => {
        signals.push(signal)
        return new Promise(() => {})
      }),
    )
    for (const one of stuck) one.catch(() => {})
    await Promise.resolve()
    const crowded = () => new Error('crowded')
    expect(flights.makeRoom(3, crowded)).toBe(true)
    now = 199
    expect(flights.makeRoom(2, crowded)).toBe(false)
    now = 200
    expect(flights.makeRoom(2, crowded)).toBe(true)
    await expect(stuck[0]).rejects.toThrow('crowded')
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, false])
    expect(flights.size).toBe(1)
  })
})

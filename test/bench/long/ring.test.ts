import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { seeded } from '../../../bench/lib/stats.ts'
import { chartsSvg } from '../../../bench/lib/svg.ts'
import { ChordModel, kill } from '../../../bench/models/chord.ts'
import { KademliaModel } from '../../../bench/models/kademlia.ts'
import { frozenLookup, idealWorld, type Node } from '../../../bench/models/machines.ts'
import { Truth } from '../../../bench/models/truth.ts'
import { RING, upkeep } from '../../../bench/models/upkeep.ts'
import { asRingId, type RingId } from '../../../src/base/index.ts'
import { flaw, tableFlaw } from '../../ring/world.ts'
import { bench } from '../command.ts'

const dir = mkdtempSync(join(tmpdir(), 'chordns-ring-bench-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))

const seed = fc.integer({ min: 1, max: 1_000_000 })

describe('npm run bench', () => {
  it('hops: a row for each mode and size, and a picture', async () => {
    const file = join(dir, 'hops.json')
    const run = await bench(
      'hops',
      '--max-n',
      '64',
      '--lookups',
      '300',
      '--real-sizes',
      'none',
      '--far-size',
      'none',
      '--json',
      file,
    )
    expect(run, run.stderr).toMatchObject({ code: 0 })
    const { targets, data } = JSON.parse(readFileSync(file, 'utf8'))
    for (const target of targets) expect(target).toMatchObject({ met: true })
    expect(data.stretch.rows[0]).toMatchObject({ mode: 'read, nearest first', p50: 1 })
    // The places are those of the King data: a median of some 80 ms, a tenth above 200.
    expect(data.stretch.roundTripsMs.p50).toBeGreaterThan(60)
    expect(data.stretch.roundTripsMs.p50).toBeLessThan(110)
    expect(data.rows).toHaveLength(2 * 7)
    const figure = expect.any(Number)
    for (const row of data.rows) {
      expect(row).toMatchObject({ mode: expect.any(String), n: figure, mean: figure, p50: figure, p99: figure })
      expect(row).toMatchObject({ messages: figure, failures: 0 })
    }
    expect(data.real).toEqual([])
    expect(readFileSync(join(dir, 'hops.svg'), 'utf8')).toMatch(/^<svg .*kademlia k=20.*<\/svg>\n$/s)
    expect(await bench('hops', '--max-n', '8')).toMatchObject({ code: 2, stderr: expect.stringContaining('--max-n') })
  })

  it('churn: both tables beside the paper, and a picture', async () => {
    const file = join(dir, 'churn.json')
    const tiny = [
      '--n',
      '40',
      '--lookups',
      '150',
      '--warm-up',
      '60',
      '--shares',
      '0,30',
      '--rates',
      '20',
      '--seeds',
      '1,2',
    ]
    const run = await bench('churn', ...tiny, '--json', file)
    expect(run, run.stderr).toMatchObject({ code: 0 })
    const { data } = JSON.parse(readFileSync(file, 'utf8'))
    expect(data.tableII).toHaveLength(2 * 2 * 3)
    expect(data.tableII).toContainEqual(expect.objectContaining({ share: 0, mode: 'table', timeouts: 0, failures: 0 }))
    expect(data.tableIII.map((row: { seed: number }) => row.seed)).toEqual([1, 1, 1, 2, 2, 2])
    for (const row of data.tableIII)
      expect(row).toMatchObject({ rate: 0.2, lookups: 150, failures: expect.any(Number) })
    expect(data.paper.tableII).toHaveLength(5)
    expect(readFileSync(join(dir, 'churn.svg'), 'utf8')).toContain('Chord paper')
    expect(await bench('churn', '--rates', 'x')).toMatchObject({ code: 2, stderr: expect.stringContaining('--rates') })
  })
})

describe('the upkeep model', () => {
  it('counts what an idle ring sends, and sees every event reach everybody', () => {
    const { upkeep: rows, spread } = upkeep({ n: 24, seed: 1, seconds: 20, sessionHours: [0.02], events: 2 })
    const [idle, busy] = rows
    expect(idle).toMatchObject({ n: 24, sessionHours: undefined, joins: 0, departures: 0 })
    // A ring at rest says little, and not nothing.
    expect(idle!.bytesPerNodeSecond).toBeGreaterThan(10)
    expect(busy!.departures).toBeGreaterThan(0)
    expect(busy!.bytesPerNodeSecond).toBeGreaterThan(idle!.bytesPerNodeSecond)
    expect(spread.map(({ kind, unfinished }) => [kind, unfinished])).toEqual([
      ['join', 0],
      ['leave', 0],
      ['death', 0],
    ])
    const [join, leave, death] = spread
    for (const row of [join!, leave!]) expect(row.all).toBeLessThan(2_000)
    expect(death!.half).toBeGreaterThan(RING.graceMs)
  })
})

describe('the Chord model', () => {
  it('finds the first live node at or after the key, in every mode, as long as lists are longer than gaps', () => {
    fc.assert(
      fc.property(seed, fc.integer({ min: 16, max: 256 }), (start, size) => {
        const chance = seeded(start)
        const model = new ChordModel(size, 16, chance)
        const alive = kill(model.dead, 0.2, chance)
        for (const mode of ['chord', 'chord+list', 'table'] as const) {
          const key = model.randomKey(chance)
          const wanted = model.ids.filter((_, at) => model.dead[at] === 0)
          const owner = wanted.find((id) => id >= key) ?? wanted[0]
          expect(model.ownerOf(key)).toBe(owner)
          expect(model.lookup(alive[0]!, key, mode).owner).toBe(owner)
        }
      }),
    )
  })

  it('goes the way that real machines go', () => {
    const world = idealWorld({ size: 120, seed: 3, meanDelayMs: 50, ring: {}, running: false })
    const byId = new Map<RingId, Node>(world.nodes.map((node) => [node.id, node]))
    const ids = world.nodes.map(({ id }) => id).sort()
    // The same ring in numbers: the first 48 bits of each id, which are distinct here.
    const short = (id: RingId) => Number.parseInt(id.slice(0, 12), 16)
    const model = new ChordModel(120, 16, seeded(1))
    model.ids.set(ids.map(short))
    const chance = seeded(9)
    for (let i = 0; i < 120; i++) {
      const mode = (['chord', 'chord+list', 'table'] as const)[i % 3]!
      const number = model.randomKey(chance)
      const key = asRingId(number.toString(16).padStart(12, '0').padEnd(64, '0'))
      const from = i % ids.length
      const real = frozenLookup(world, byId, byId.get(ids[from]!)!, key, mode)
      const modelled = model.lookup(from, number, mode)
      expect(modelled).toMatchObject({ hops: real.hops, timeouts: real.timeouts, owner: short(real.owner!) })
    }
  })
})

describe('the Kademlia model', () => {
  it('knows the closest nodes, and finds them from anywhere', () => {
    fc.assert(
      fc.property(seed, fc.integer({ min: 2, max: 200 }), fc.constantFrom(1, 3), (start, size, alpha) => {
        const chance = seeded(start)
        const model = new KademliaModel(size, start, chance)
        const key = Math.floor(chance() * 2 ** 32)
        const byDistance = [...model.ids.keys()].sort(
          (a, b) => ((model.ids[a]! ^ key) >>> 0) - ((model.ids[b]! ^ key) >>> 0),
        )
        expect(model.closest(key, 8)).toEqual(byDistance.slice(0, 8))
        const outcome = model.lookup(Math.floor(chance() * size), key, { k: 8, alpha })
        expect(outcome.found).toBe(true)
        expect(outcome.roundsToClosest).toBeLessThanOrEqual(Math.ceil(Math.log2(size)) + 1)
        expect(outcome.messages).toBeLessThanOrEqual(outcome.messagesToEnd)
        expect(outcome.timeouts).toBe(0)
      }),
    )
  })

  it('is the same for the same seed', () => {
    const run = () => new KademliaModel(500, 4, seeded(2)).lookup(17, 123_456_789, { k: 8, alpha: 3 })
    expect(run()).toEqual(run())
  })
})

describe('a ring of machines', () => {
  it('begins in the ideal state, and stays there', () => {
    const ring = { stabiliseMs: 1_000, auditMs: 5_000 }
    const world = idealWorld({ size: 30, seed: 5, meanDelayMs: 20, ring, running: true })
    expect(flaw(world)).toBeUndefined()
    world.run(10_000)
    expect(flaw(world)).toBeUndefined()
    expect(tableFlaw(world)).toBeUndefined()
  })

  it('of which one died finds the next one, and its judge wants that', () => {
    const world = idealWorld({ size: 12, seed: 6, meanDelayMs: 20, ring: {}, running: true })
    const truth = new Truth(world)
    const [first, second, third] = [...world.nodes].sort((a, b) => (a.id < b.id ? -1 : 1)) as [Node, Node, Node]
    truth.begin(1, second.id)
    expect(truth.end(1, second.id)).toEqual({ right: true, strict: true })
    expect(truth.end(1, second.id)).toBeUndefined()
    truth.begin(2, second.id)
    truth.left(second)
    world.crash(second)
    // It lived at some moment of the look-up.
    expect(truth.end(2, second.id)).toMatchObject({ right: true })
    truth.begin(3, second.id)
    expect(truth.end(3, second.id)).toEqual({ right: false, strict: false })
    truth.begin(4, second.id)
    expect(truth.end(4, third.id)).toEqual({ right: true, strict: true })
    truth.begin(5, second.id)
    expect(truth.end(5, first.id)).toEqual({ right: false, strict: false })
    truth.begin(6, second.id)
    expect(truth.end(6, undefined)).toEqual({ right: false, strict: false })
  })

  it('lets a node that joins take its keys over from when it is a member', () => {
    const world = idealWorld({ size: 12, seed: 8, meanDelayMs: 20, ring: {}, running: true })
    const truth = new Truth(world)
    const joining = world.add([world.nodes[0]!])
    truth.begin(1, joining.id)
    const before = truth.end(1, joining.id)
    world.run(20_000)
    truth.begin(2, joining.id)
    expect({ before, after: truth.end(2, joining.id) }).toEqual({
      before: { right: false, strict: false },
      after: { right: true, strict: true },
    })
  })
})

describe('charts', () => {
  it('draw every series inside the frame, and escape names', () => {
    const svg = chartsSvg([
      {
        title: 'a < b & c',
        xLabel: 'x',
        yLabel: 'y',
        xBase: 2,
        xTicks: [{ at: 16, text: '16' }],
        series: [
          {
            name: '"one"',
            points: [
              [16, 1],
              [1_024, 12],
            ],
          },
          { name: 'none', points: [] },
          { name: 'bound', points: [[16, 2]], dashed: true },
        ],
      },
    ])
    expect(svg).toContain('a &lt; b &amp; c')
    expect(svg).toContain('&quot;one&quot;')
    expect(svg.match(/<path /g)).toHaveLength(2)
    expect(svg).not.toContain('NaN')
    expect(svg).not.toContain('none</text>')
  })
})

import { describe, expect, it } from 'vitest'
import { tableText } from '../../../bench/lib/report.ts'
import { quantile } from '../../../bench/lib/stats.ts'
import { delayedWorld } from '../../../bench/worlds/delayed.ts'
import { bench } from '../command.ts'

describe('npm run bench', () => {
  it('lists what there is, and exits 2 for what there is not', async () => {
    const help = await bench('--help')
    expect(help).toMatchObject({ code: 0 })
    expect(help.stdout).toContain('cold')
    expect(help.stdout).toContain('fairness')
    expect(await bench('nothing')).toMatchObject({ code: 2, stderr: expect.stringContaining('no benchmark nothing') })
    expect(await bench('fairness', '--bogus')).toMatchObject({ code: 2 })
    expect(await bench('fairness', '--seconds', 'x')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--seconds'),
    })
    expect(await bench('cold', '--help')).toMatchObject({ code: 0, stdout: expect.stringContaining('--dnssec') })
  })
})

describe('the delayed world', () => {
  const options = { names: 200, seed: 7, minDelayMs: 10, maxDelayMs: 60, dead: 0.2, port: 53 }

  it('is the same for the same seed, and asks each question once', () => {
    const world = delayedWorld(options)
    expect(delayedWorld(options)).toEqual(world)
    const keys = world.questions.map(({ name, type }) => `${name} ${type}`)
    expect(new Set(keys).size).toBe(options.names)
  })

  it('leaves each zone a server that answers', () => {
    const { spec } = delayedWorld(options)
    const silent = (name: string) => spec.servers[name]!.behaviour?.silent === true
    expect(spec.zones.filter(({ servers }) => servers.some(silent)).length).toBeGreaterThan(0)
    expect(spec.zones.filter(({ servers }) => servers.every(silent))).toEqual([])
  })
})

describe('figures', () => {
  it('quantiles are samples', () => {
    const samples = [5, 1, 4, 2, 3]
    expect([0, 0.5, 0.95, 1].map((share) => quantile(samples, share))).toEqual([1, 3, 5, 5])
    expect(quantile([], 0.5)).toBeNaN()
  })

  it('tables align numbers to the right', () => {
    expect(
      tableText({
        title: 't',
        columns: ['a', 'b'],
        rows: [
          ['x', 1.5],
          ['yy', 10],
        ],
      }),
    ).toBe('t\na   b\n--  ----\nx   1.50\nyy    10')
  })
})

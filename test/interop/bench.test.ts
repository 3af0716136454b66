import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { isInstalled, namespaceProblem } from '../../bench/lib/namespace.ts'
import { bench } from '../bench/command.ts'

const dir = mkdtempSync(join(tmpdir(), 'chordns-bench-test-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))

const resultOf = (file: string): unknown => JSON.parse(readFileSync(file, 'utf8'))

const MEASURED_ON = {
  git: expect.any(String),
  node: process.version,
  date: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
  cpu: expect.any(String),
  cores: expect.any(Number),
}

describe('a benchmark against a peer, made small', () => {
  it.skipIf(!isInstalled('unbound') || namespaceProblem() !== undefined)(
    'cold: both resolvers answer all, and alike',
    async () => {
      const file = join(dir, 'cold.json')
      const run = await bench(
        'cold',
        '--names',
        '24',
        '--rounds',
        '1',
        '--min-delay',
        '1',
        '--max-delay',
        '3',
        '--json',
        file,
      )
      expect(run, run.stderr).toMatchObject({ code: 0 })
      const side = { questions: 24, failures: 0, median: expect.any(Number), upstreamPerQuestion: expect.any(Number) }
      expect(resultOf(file)).toMatchObject({
        benchmark: 'cold',
        ...MEASURED_ON,
        targets: [{}, {}, {}, { measured: 0, met: true }],
        data: {
          ratio: { median: expect.any(Number), p99: expect.any(Number) },
          chordns: side,
          unbound: side,
          different: [],
        },
      })
    },
  )

  it('fairness: both phases of each scenario, with every answer of the others', async () => {
    const file = join(dir, 'fairness.json')
    const tiny = ['--seconds', '1', '--warm-up', '200', '--rounds', '1', '--rate', '10', '--dead', '5', '--flood', '20']
    const run = await bench('fairness', ...tiny, '--scenarios', 'dead-zones,flood', '--json', file)
    expect(run, run.stderr).toMatchObject({ code: 0 })
    const phase = { questions: 10, failures: 0, coldP95: expect.any(Number) }
    const scenario = { alone: { ...phase, crowdAsked: 0 }, beside: phase, ratio: expect.any(Number) }
    const result = resultOf(file)
    expect(result).toMatchObject({ benchmark: 'fairness', ...MEASURED_ON, data: { scenarios: [scenario, scenario] } })
    expect(result).toHaveProperty('data.scenarios.0.beside.crowdAsked', 5)
  })
})

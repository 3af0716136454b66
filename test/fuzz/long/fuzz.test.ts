import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { encodeMessage } from '../../../src/dns/index.ts'
import { queryFor } from '../../world/index.ts'
import { mutateReply, mutateStream, seededBelow } from '../mutate.ts'
import { queryFuzzer } from '../queries.ts'
import { replyFuzzer } from '../replies.ts'

const dir = mkdtempSync(join(tmpdir(), 'chordns-fuzz-test-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))

const TRUTH = encodeMessage({ ...queryFor({ name: 'www.x.fuzz' }), qr: true })

describe('the mutator', () => {
  it('gives the same for the same seed, and hardly ever the truth alone', () => {
    const draw = (seed: number) => {
      const below = seededBelow(seed)
      return Array.from({ length: 500 }, () =>
        mutateReply(TRUTH, below).map((bytes) => Buffer.from(bytes).toString('hex')),
      )
    }
    expect(draw(7)).toEqual(draw(7))
    expect(draw(7)).not.toEqual(draw(8))
    const truth = Buffer.from(TRUTH).toString('hex')
    expect(draw(7).filter((one) => one.length === 1 && one[0] === truth).length).toBeLessThan(50)
  })

  it('cuts streams into pieces that make the whole', () => {
    const below = seededBelow(3)
    for (let i = 0; i < 100; i++) expect(mutateStream(TRUTH, below).every((piece) => piece.length > 0)).toBe(true)
  })
})

describe('fuzzing', () => {
  it('of replies finds nothing, takes some for replies, and repeats', async () => {
    const fuzzer = replyFuzzer()
    const { worstMs: _, ...first } = await fuzzer.run(11, 0, 300)
    const { worstMs: __, ...again } = await fuzzer.run(11, 0, 300)
    expect(first).toEqual(again)
    expect(first.findings).toEqual([])
    expect(first.taken).toBeGreaterThan(first.mutations / 5)
    expect(first.controls).toBeGreaterThan(0)
  })

  it('of queries finds nothing, and gets answers', async () => {
    const fuzzer = await queryFuzzer()
    const { findings, taken, controls } = await fuzzer.run(11, 0, 1_000)
    await fuzzer.close()
    expect(findings).toEqual([])
    expect(taken).toBeGreaterThan(100)
    expect(controls).toBe(2)
  })
})

describe('npm run fuzz', () => {
  const run = (...args: string[]) =>
    execFileSync(process.execPath, [fileURLToPath(new URL('../run.ts', import.meta.url)), ...args], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    })
  const json = (file: string): unknown => JSON.parse(readFileSync(join(dir, file), 'utf8'))

  it('goes on where it was, and says what it did', () => {
    const common = [
      '--kind',
      'queries',
      '--seed',
      '5',
      '--resume',
      join(dir, 'progress.json'),
      '--json',
      join(dir, 'result.json'),
    ]
    run(...common, '--count', '300')
    expect(json('result.json')).toMatchObject({ seed: 5, firstEpoch: 0, nextEpoch: 1, mutations: 300, findings: [] })
    run(...common, '--count', '700')
    expect(json('result.json')).toMatchObject({
      nextEpoch: 2,
      mutations: 700,
      git: expect.any(String),
      node: process.version,
    })
    expect(() => run(...common, '--seed', '6')).toThrow(/belongs to another run/)
  })

  it('exits 2 for a usage it does not know', () => {
    expect(() => run('--kind', 'nonsense')).toThrow(expect.objectContaining({ status: 2 }))
    expect(() => run('--count', '-1')).toThrow(expect.objectContaining({ status: 2 }))
  })
})

import { describe, expect, it } from 'vitest'
import { progressLine, readRate, renderResult } from '../../../src/cli/commands/chunks.ts'
import { parseSeedList, type Seed } from '../../../src/cli/common/seed-list.ts'
import { type SeedCounts, seedAll } from '../../../src/cli/common/seeding.ts'
import type { LookupView } from '../../../src/observe/index.ts'

const answer = (more: Partial<LookupView> = {}): LookupView => ({
  question: '',
  rcode: 'NOERROR',
  answers: [],
  authorities: [],
  security: 'insecure',
  provenance: 'solo',
  ede: [],
  findings: [],
  steps: [],
  elapsedMs: 1,
  ...more,
})

describe('a list of names', () => {
  it('has one on each line, with its types or the two that are usual, and comments', () => {
    const text = '# names\nexample.com\n\n  example.org  mx A mx # two\r\nxn--bcher-kva.example TYPE65280\n'
    expect(parseSeedList(text, 'names.txt')).toEqual([
      { line: 2, name: 'example.com', type: 'A' },
      { line: 2, name: 'example.com', type: 'AAAA' },
      { line: 4, name: 'example.org', type: 'MX' },
      { line: 4, name: 'example.org', type: 'A' },
      { line: 5, name: 'xn--bcher-kva.example', type: 'TYPE65280' },
    ])
    expect(parseSeedList('', 'names.txt')).toEqual([])
  })

  it.each([
    ['a.example\n..\n', 'names.txt line 2: not a domain name: ".."'],
    ['a.example\n\n1,example.com FOO', 'names.txt line 3: unknown record type "FOO"'],
    [`${'a'.repeat(64)}.example`, 'names.txt line 1: not a domain name'],
    ['a.example ANY', 'line 1: answers of type ANY are never shared'],
    [`a.example ${Array.from({ length: 17 }, (_, i) => `TYPE${i + 1}`).join(' ')}`, 'more than 16 types'],
  ])('that is wrong names the line: %j', (text, message) => {
    expect(() => parseSeedList(text, 'names.txt')).toThrow(message)
  })
})

/** Virtual time: a look-up takes `takesMs`. */
function world(takesMs: number, view: (seed: Seed) => LookupView = () => answer()) {
  let now = 0
  const waiting: { at: number; done: () => void }[] = []
  const after = (ms: number) => new Promise<void>((done) => waiting.push({ at: now + ms, done }))
  const begun: number[] = []
  let open = 0
  const seen = { most: 0 }
  const progress: SeedCounts[] = []
  const turn = async () => {
    for (let i = 0; i < 20; i++) await Promise.resolve()
    waiting.sort((a, b) => a.at - b.at)
    const next = waiting.shift()
    if (next === undefined) return false
    now = next.at
    next.done()
    return true
  }
  const hooks = {
    lookup: async (seed: Seed) => {
      begun.push(now)
      open++
      seen.most = Math.max(seen.most, open)
      await after(takesMs)
      open--
      return view(seed)
    },
    pause: after,
    now: () => now,
    onProgress: (counts: SeedCounts) => void progress.push({ ...counts }),
  }
  const run = async <T>(promise: Promise<T>): Promise<T> => {
    let settled = false
    promise.then(
      () => (settled = true),
      () => (settled = true),
    )
    for (let i = 0; i < 10_000 && !settled; i++) await turn()
    return promise
  }
  return { hooks, run, begun, seen, progress }
}

const seeds = (count: number): Seed[] =>
  Array.from({ length: count }, (_, i) => ({ line: i + 1, name: `n${i}.example`, type: 'A' }))
const never = new AbortController().signal

describe('seeding', () => {
  it('asks so many a second, and no more at once than it may', async () => {
    const fast = world(10)
    await fast.run(seedAll(seeds(20), { rate: 4, atOnce: 8, stopping: never }, fast.hooks))
    expect(fast.begun).toEqual(Array.from({ length: 20 }, (_, i) => i * 250))
    const slow = world(10_000)
    const result = await slow.run(seedAll(seeds(20), { rate: 4, atOnce: 3, stopping: never }, slow.hooks))
    expect(slow.seen.most).toBe(3)
    expect(result).toMatchObject({ done: 20, told: 20, goOnWith: undefined })
  })

  it('says what came of each, and which failed', async () => {
    const kinds: Partial<LookupView>[] = [
      { security: 'secure' },
      { provenance: 'agreed' },
      { rcode: 'NXDOMAIN' },
      { rcode: 'SERVFAIL' },
    ]
    const { hooks, run, progress } = world(1, ({ line }) => answer(kinds[line - 1]))
    const result = await run(seedAll(seeds(4), { rate: 10, atOnce: 8, stopping: never }, hooks))
    expect(result).toMatchObject({ done: 4, secure: 1, agreed: 1, told: 1, failed: 1 })
    expect(result.failures).toEqual([{ line: 4, question: 'n3.example A', rcode: 'SERVFAIL' }])
    expect(progress.map(({ done }) => done)).toEqual([1, 2, 3, 4])
    expect(renderResult(result)).toContain('line 4: n3.example A SERVFAIL')
  })

  it('stops when it is told to, answers what is under way, and says where to go on', async () => {
    const stop = new AbortController()
    const { hooks, run } = world(600, ({ line }) => {
      if (line === 2) stop.abort()
      return answer()
    })
    const result = await run(seedAll(seeds(50), { rate: 10, atOnce: 8, stopping: stop.signal }, hooks))
    expect(result.done).toBe(result.goOnWith! - 1)
    expect(result.done).toBeLessThan(12)
  })

  it('ends at once when the node is not there', async () => {
    const { hooks, run, begun } = world(1, ({ line }) => {
      if (line === 3) throw new Error('no node answers')
      return answer()
    })
    const seeding = seedAll(seeds(50), { rate: 10, atOnce: 8, stopping: never }, hooks)
    await expect(run(seeding)).rejects.toThrow('no node answers')
    expect(begun.length).toBeLessThan(6)
  })

  it('takes a rate that is right, and shows how far it is', () => {
    expect([readRate('5'), readRate('0.5'), readRate('50')]).toEqual([5, 0.5, 50])
    for (const text of ['0', '51', '-1', 'fast', '']) expect(() => readRate(text)).toThrow('from 0.1 to 50')
    const counts = { questions: 1_000, done: 400, secure: 0, agreed: 0, told: 0, failed: 2 }
    expect(progressLine(counts, 5)).toBe('400 of 1000 questions, 2 failed, about 120 s left'.replace('120 s', '2 min'))
  })
})

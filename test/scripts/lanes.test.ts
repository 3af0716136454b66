import { describe, expect, it } from 'vitest'
import { inLanes, longFirst } from '../setup/lanes.ts'

describe('lanes', () => {
  it('have two jobs at work at a time, each lane with the next one as soon as it is free', async () => {
    const begun: string[] = []
    const ends = new Map<string, () => void>()
    const done = inLanes(['a', 'b', 'c', 'd'], 2, (job) => {
      begun.push(job)
      return new Promise<string>((found) => ends.set(job, () => found(job.toUpperCase())))
    })
    const end = async (job: string) => {
      ends.get(job)!()
      await Promise.resolve().then(() => undefined)
    }
    expect(begun).toEqual(['a', 'b'])
    await end('b')
    await expect.poll(() => begun).toEqual(['a', 'b', 'c'])
    await end('c')
    await expect.poll(() => begun).toEqual(['a', 'b', 'c', 'd'])
    await end('d')
    await end('a')
    expect(await done).toEqual(['A', 'B', 'C', 'D'])
  })

  it('begin with the files that take longest', () => {
    expect(longFirst(['x/a.test.ts', 'x/b.test.ts', 'x/c.test.ts', 'x/d.test.ts'], ['d', 'b'])).toEqual([
      'x/d.test.ts',
      'x/b.test.ts',
      'x/a.test.ts',
      'x/c.test.ts',
    ])
  })
})

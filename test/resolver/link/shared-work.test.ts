import { describe, expect, it } from 'vitest'
import { SharedWork } from '../../../src/resolver/link/shared-work.ts'

describe('shared work', () => {
  it('runs equal questions once and gives all the same answer', async () => {
    const works = new SharedWork<number>()
    let runs = 0
    const start = async () => ++runs
    const signal = new AbortController().signal
    expect(await Promise.all([works.join('a', start, signal), works.join('a', start, signal)])).toEqual([1, 1])
    expect(works.size).toBe(0)
    expect(await works.join('a', start, signal)).toBe(2)
  })

  it('goes on when one of two gives up, and ends when the last does', async () => {
    const works = new SharedWork<string>()
    let inner: AbortSignal | undefined
    let finish = (_: string) => {}
    const start = (signal: AbortSignal) => {
      inner = signal
      return new Promise<string>((resolve) => {
        finish = resolve
      })
    }
    const [first, second] = [new AbortController(), new AbortController()]
    const one = works.join('a', start, first.signal)
    const two = works.join('a', start, second.signal)
    first.abort()
    await expect(one).rejects.toMatchObject({ code: 'ABORTED' })
    expect(inner!.aborted).toBe(false)
    finish('done')
    await expect(two).resolves.toBe('done')

    const third = works.join('b', start, second.signal)
    second.abort()
    await expect(third).rejects.toMatchObject({ code: 'ABORTED' })
    expect(inner!.aborted).toBe(true)
    expect(works.size).toBe(0)
  })

  it('gives a failure to all, and forgets it', async () => {
    const works = new SharedWork<string>()
    const signal = new AbortController().signal
    const failing = () => Promise.reject(new Error('lame'))
    const both = [works.join('a', failing, signal), works.join('a', failing, signal)]
    for (const one of both) await expect(one).rejects.toThrow('lame')
    await expect(works.join('a', async () => 'well', signal)).resolves.toBe('well')
  })
})

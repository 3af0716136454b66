import { describe, expect, it } from 'vitest'
import { SharedWork } from '../../../src/resolver/link/shared-work.ts'
import { virtualClock } from '../../../src/sim/index.ts'

const BOUNDS = { most: 3, giveWayMs: 200 }

describe('shared work', () => {
  it('runs equal questions once and gives all the same answer', async () => {
    const works = new SharedWork<number>(virtualClock({ startUnixMs: 0, settle: async () => {} }), BOUNDS)
    let runs = 0
    const start = async () => ++runs
    const signal = new AbortController().signal
    expect(await Promise.all([works.join('a', start, signal), works.join('a', start, signal)])).toEqual([1, 1])
    expect(works.size).toBe(0)
    expect(await works.join('a', start, signal)).toBe(2)
  })

  it('goes on when one of two gives up, and ends when the last does', async () => {
    const works = new SharedWork<string>(virtualClock({ startUnixMs: 0, settle: async () => {} }), BOUNDS)
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
    const works = new SharedWork<string>(virtualClock({ startUnixMs: 0, settle: async () => {} }), BOUNDS)
    const signal = new AbortController().signal
    const failing = () => Promise.reject(new Error('lame'))
    const both = [works.join('a', failing, signal), works.join('a', failing, signal)]
    for (const one of both) await expect(one).rejects.toThrow('lame')
    await expect(works.join('a', async () => 'well', signal)).resolves.toBe('well')
  })

  describe('without room', () => {
    const stuck = () => new Promise<string>(() => {})
    const { signal } = new AbortController()

    function full() {
      const clock = virtualClock({ startUnixMs: 0, settle: async () => {} })
      const works = new SharedWork<string>(clock, BOUNDS)
      const aborted: string[] = []
      const begin = (key: string) =>
        works.join(
          key,
          (inner) => {
            inner.addEventListener('abort', () => aborted.push(key))
            return stuck()
          },
          signal,
        )
      return { clock, works, aborted, begin }
    }

    it('lets the oldest give way to new work, and tells all who wait for it', async () => {
      const { clock, works, aborted, begin } = full()
      const oldest = [begin('a'), begin('a')]
      clock.advance(100)
      for (const key of ['b', 'c']) begin(key).catch(() => {})
      clock.advance(100)
      await expect(works.join('d', async () => 'well', signal)).resolves.toBe('well')
      for (const one of oldest) await expect(one).rejects.toMatchObject({ code: 'RESOLVER_BUSY' })
      expect(aborted).toEqual(['a'])
      expect([works.has('a'), works.has('b'), works.has('c')]).toEqual([false, true, true])
    })

    it('refuses new work while all that is there is young: a flood must not keep everything from being finished', async () => {
      const { clock, works, aborted, begin } = full()
      for (const key of ['a', 'b', 'c']) begin(key).catch(() => {})
      clock.advance(199)
      await expect(works.join('d', async () => 'well', signal)).rejects.toMatchObject({ code: 'RESOLVER_BUSY' })
      expect([aborted, works.size]).toEqual([[], 3])
    })

    it('still merges equal questions', async () => {
      const { works, begin } = full()
      for (const key of ['a', 'b', 'c']) begin(key).catch(() => {})
      const more = begin('a')
      more.catch(() => {})
      expect(works.size).toBe(3)
    })
  })
})

import { describe, expect, it } from 'vitest'
import type { ChordnsError, Log } from '../../../src/base/index.ts'
import { startCallThread } from '../../../src/io/index.ts'

const said: string[] = []
const log: Log = { debug() {}, info() {}, warn: (_, message) => void said.push(message), error() {} }
const module = new URL('./example-thread.ts', import.meta.url)
const start = (data: unknown, onBroken?: (failure: ChordnsError) => void) =>
  startCallThread({ module, name: 'example', data, log }, onBroken === undefined ? {} : { onBroken })

describe('a thread that is called', () => {
  it('answers each call with what the method returned or threw, in order', async () => {
    const thread = await start({ first: 10 })
    const replies = await Promise.allSettled([
      thread.call('add', [1]),
      thread.call('fail', ['STORE_FULL']),
      thread.call('add', [2]),
      thread.call('constructor', []),
    ])
    expect(replies.map((one) => (one.status === 'fulfilled' ? one.value : one.reason.code))).toEqual([
      11,
      'STORE_FULL',
      13,
      'THREAD_FAILED',
    ])
    await thread.close()
  })

  it('does what was called before it is closed', async () => {
    const thread = await start({ first: 0 })
    const last = thread.call('add', [5])
    await thread.close()
    await expect(last).resolves.toBe(5)
    await expect(thread.call('add', [1])).rejects.toMatchObject({ code: 'THREAD_FAILED' })
  })

  it('is not there when it could not begin', async () => {
    await expect(start({ first: 'none' })).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
  })

  it('speaks through the log of whoever started it', async () => {
    const thread = await start({ first: 0 })
    await thread.call('warn', ['a word'])
    expect(said).toContain('a word')
    await thread.close()
  })

  it('rejects what is called when it dies, and says so once', async () => {
    const failures: ChordnsError[] = []
    const thread = await start({ first: 0 }, (failure) => failures.push(failure))
    await expect(thread.call('die', [])).rejects.toMatchObject({ code: 'THREAD_FAILED' })
    await expect(thread.call('add', [1])).rejects.toMatchObject({ code: 'THREAD_FAILED' })
    expect(failures.length).toBe(1)
    await thread.close()
    expect(failures.length).toBe(1)
  })
})

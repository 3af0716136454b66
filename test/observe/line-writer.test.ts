import { describe, expect, it } from 'vitest'
import { limits } from '../../src/observe/limits.ts'
import { createLineWriter } from '../../src/observe/line-writer.ts'

type Outcome = { readonly error: string } | { readonly written: number } | 'all'

/** A file descriptor that does what `plan` says, call by call, and then takes all; timers fire by hand. */
function descriptor(plan: Outcome[] = []) {
  const written: string[] = []
  const timers: { readonly ms: number; readonly run: () => void }[] = []
  const held: (() => void)[] = []
  let isHeld = false
  const lines = createLineWriter(
    {
      write: (bytes, done) => {
        const outcome = plan.shift() ?? 'all'
        const answer = () => {
          if (typeof outcome === 'object' && 'error' in outcome) return done({ code: outcome.error }, 0)
          const count = outcome === 'all' ? bytes.length : outcome.written
          written.push(Buffer.from(bytes.subarray(0, count)).toString())
          done(null, count)
        }
        if (isHeld) held.push(answer)
        else answer()
      },
      writeNow: (bytes) => {
        const outcome = plan.shift() ?? 'all'
        if (typeof outcome === 'object' && 'error' in outcome)
          throw Object.assign(new Error('no'), { code: outcome.error })
        written.push(Buffer.from(bytes).toString())
        return bytes.length
      },
      after: (ms, run) => {
        timers.push({ ms, run })
        return () => {}
      },
    },
    (count) => `lost ${count}\n`,
  )
  return {
    lines,
    text: () => written.join(''),
    timers,
    stall: () => {
      isHeld = true
    },
    goOn: () => {
      isHeld = false
      for (const answer of held.splice(0)) answer()
    },
  }
}

describe('lines to stderr', () => {
  it('come out whole and in order, also when the system takes them in parts', () => {
    const { lines, text } = descriptor([{ written: 1 }, { written: 2 }])
    lines.write('one\n')
    lines.write('two\n')
    expect(text()).toBe('one\ntwo\n')
  })

  it('are lost while the disk is full, and their number is said once one can be written', () => {
    const { lines, text, timers } = descriptor([{ error: 'ENOSPC' }, { error: 'ENOSPC' }])
    lines.write('one\n')
    lines.write('two\n')
    expect(timers.map(({ ms }) => ms)).toEqual([limits.LOG_RETRY_MS])
    timers[0]!.run()
    lines.write('three\n')
    timers[1]!.run()
    expect(text()).toBe('lost 2\nthree\n')
  })

  it('wait for a reader that is slow, and none is lost', () => {
    const { lines, text, timers } = descriptor([{ error: 'EAGAIN' }])
    lines.write('one\n')
    lines.write('two\n')
    expect(timers.map(({ ms }) => ms)).toEqual([limits.LOG_SLOW_MS])
    timers[0]!.run()
    expect(text()).toBe('one\ntwo\n')
  })

  it('are bounded while nobody reads', () => {
    const { lines, text, stall, goOn } = descriptor()
    stall()
    const long = `${'x'.repeat(1024 * 1024 - 1)}\n`
    for (let i = 0; i < 20; i++) lines.write(long)
    goOn()
    lines.write('last\n')
    expect(text().length).toBeLessThanOrEqual(limits.MAX_PENDING_LOG_BYTES + 2 * long.length)
    expect(text()).toMatch(/lost 15\n(?:.*\n)*last\n$/)
  })

  it('that still wait at the exit are written then', () => {
    const { lines, text } = descriptor([{ error: 'EAGAIN' }])
    lines.write('one\n')
    lines.write('two\n')
    lines.flushNow()
    expect(text()).toBe('one\ntwo\n')
  })

  it('never stand in the way of the exit', () => {
    const { lines, text } = descriptor([{ error: 'ENOSPC' }, { error: 'ENOSPC' }])
    lines.write('one\n')
    lines.write('two\n')
    lines.flushNow()
    expect(text()).toBe('')
  })
})

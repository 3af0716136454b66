import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ChordnsError } from '../../src/base/index.ts'
import { createLog, type LogOptions } from '../../src/observe/log.ts'
import { prettyLine } from '../../src/observe/pretty.ts'

async function capture(options: Partial<LogOptions> & { tty?: boolean; colours?: boolean } = {}) {
  const lines: string[] = []
  const { tty = false, colours = false, ...rest } = options
  const sink = { write: (text: string) => void lines.push(text), tty, colours }
  const log = await createLog({ level: 'info', logQueries: false, sink, ...rest })
  return { log, lines, last: () => JSON.parse(lines.at(-1)!) as Record<string, unknown> }
}

describe('the log', () => {
  it('writes one JSON line with level, time and message', async () => {
    const { log, lines, last } = await capture()
    log.warn({ server: '192.0.2.1', tries: 3 }, 'no answer')
    expect(lines).toEqual([expect.stringMatching(/^\{.*\}\n$/)])
    expect(last()).toEqual({
      level: 'warn',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      server: '192.0.2.1',
      tries: 3,
      msg: 'no answer',
    })
  })

  it('keeps below the level silent', async () => {
    const { log, lines } = await capture({ level: 'warn' })
    log.debug({}, 'a')
    log.info({}, 'b')
    expect(lines).toEqual([])
    log.error({}, 'c')
    expect(lines).toHaveLength(1)
  })

  it('refuses a level it does not know, as a usage error', async () => {
    await expect(capture({ level: 'loud' })).rejects.toMatchObject({ code: 'USAGE' })
  })

  it('leaves out names and clients, at any depth, unless the operator asked', async () => {
    const detail = {
      question: 'secret.example. A',
      client: '192.0.2.7',
      inner: [{ zone: 'secret.example.' }],
      code: 'X',
    }
    const quiet = await capture()
    quiet.log.info(detail, 'asked')
    expect(quiet.lines.join()).not.toContain('secret')
    expect(quiet.lines.join()).not.toContain('192.0.2.7')
    expect(quiet.last()).toMatchObject({ question: '[private]', code: 'X' })
    const open = await capture({ logQueries: true })
    open.log.info(detail, 'asked')
    expect(open.last()).toMatchObject(detail)
  })

  it('leaves out names in the detail of errors', async () => {
    const { log, lines } = await capture()
    log.info({ error: new ChordnsError('RECURSE_FAILED', 'failed', { name: 'secret.example.' }) }, 'failed')
    expect(lines.join()).not.toContain('secret')
    expect(lines.join()).toContain('RECURSE_FAILED')
  })

  it('says of a question that failed its code, and the words for it where names are logged', async () => {
    const failure = new ChordnsError('RECURSE_FAILED', 'secret.example. has no servers', {})
    const quiet = await capture()
    quiet.log.info({ failure }, 'question failed')
    quiet.log.info({ failure: new TypeError('secret.example. is broken') }, 'question failed')
    expect(quiet.lines.join()).not.toContain('secret')
    expect(quiet.lines.map((line) => JSON.parse(line).failure)).toEqual(['RECURSE_FAILED', 'TypeError'])
    const open = await capture({ logQueries: true })
    open.log.info({ failure }, 'question failed')
    expect(open.last()).toMatchObject({
      failure: { code: 'RECURSE_FAILED', message: 'secret.example. has no servers' },
    })
  })

  it('never lets a field pose as level, time or message', async () => {
    const { log, lines, last } = await capture()
    log.info({ level: 'error', time: 0, msg: 'forged' }, 'true')
    expect(last()).toMatchObject({ level: 'info', msg: 'true', msg_: 'forged' })
    expect(lines[0]!.match(/"msg":/g)).toHaveLength(1)
  })

  it('survives cycles, bytes, big numbers, maps and long texts, bounded', async () => {
    const cycle: Record<string, unknown> = { bytes: new Uint8Array([1, 255]), big: 2n ** 70n, map: new Map([['a', 1]]) }
    cycle['self'] = cycle
    cycle['long'] = 'x'.repeat(100_000)
    cycle['many'] = Array.from({ length: 10_000 }, (_, i) => i)
    const { log, lines, last } = await capture()
    log.info(cycle, 'm')
    expect(last()).toMatchObject({ bytes: '01ff', big: (2n ** 70n).toString(), map: { a: 1 } })
    expect(lines[0]!.length).toBeLessThan(20_000)
  })

  it('is one line for whatever text comes', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.dictionary(fc.string(), fc.string({ unit: 'binary' })),
        fc.string({ unit: 'binary' }),
        async (detail, message) => {
          const json = await capture()
          json.log.info(detail, message)
          expect(json.lines.join('').trimEnd()).not.toContain('\n')
          const tty = await capture({ tty: true })
          tty.log.info(detail, message)
          expect(tty.lines.join('').trimEnd()).not.toMatch(/[\p{Cc}]/u)
        },
      ),
    )
  })
})

describe('a line on a terminal', () => {
  const json = `${JSON.stringify({ level: 'warn', time: '2026-01-02T03:04:05.678Z', code: 'A B', n: 1, o: { a: 'x' }, msg: 'text' })}\n`

  it('reads well', () => {
    expect(prettyLine(json, false)).toBe('03:04:05.678 WARN  text code="A B" n=1 o={"a":"x"}\n')
  })

  it('has colours only if they are wanted', () => {
    expect(prettyLine(json, false)).not.toContain('\u001b')
    expect(prettyLine(json, true)).toContain('\u001b[33mWARN \u001b[0m')
  })

  it('shows escape sequences and direction overrides instead of obeying them', async () => {
    const { log, lines } = await capture({ tty: true })
    log.info({ text: '\u001b[2Jgone\u202egnp' }, 'a\u0007b')
    expect(lines[0]).toContain('a\\u0007b')
    expect(lines[0]).toContain('\\u001b[2Jgone\\u202egnp')
    expect(lines[0]!.trimEnd()).not.toMatch(/\p{C}/u)
  })
})

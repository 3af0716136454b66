import { describe, expect, it } from 'vitest'
import { ChordnsError } from '../../../src/base/index.ts'
import { createReload } from '../../../src/cli/running/reload.ts'
import { type Config, loadConfig, planReload } from '../../../src/config/index.ts'
import { parseName } from '../../../src/dns/index.ts'

const files = new Map<string, string>()
const load = (settings: object) =>
  loadConfig({ env: {}, file: 'c', readFile: (path) => (path === 'c' ? JSON.stringify(settings) : files.get(path)) })

interface Line {
  readonly level: string
  readonly detail: object
}

function bench(settings: object) {
  const lines: Line[] = []
  const levels: string[] = []
  const inForce: Config[] = []
  const at = (level: string) => (detail: object, text: string) =>
    void lines.push({ level, detail: { ...detail, text } })
  let now = settings
  let fails: Error | undefined
  const reload = createReload({
    started: load(settings),
    load: () => load(now),
    node: {
      reload: async (config) => {
        if (fails !== undefined) throw fails
        inForce.push(config)
        return { flushed: inForce.length === 2 ? [parseName('lan')] : [] }
      },
    },
    log: {
      debug: at('debug'),
      info: at('info'),
      warn: at('warn'),
      error: at('error'),
      adjust: ({ level, logQueries }) => void levels.push(`${level} ${logQueries}`),
    },
  })
  return {
    lines,
    levels,
    inForce,
    reload: async (settings: object, failure?: Error) => {
      now = settings
      fails = failure
      lines.length = 0
      await reload()
      return lines
    },
  }
}

describe('reload', () => {
  it('applies what can change, and says which keys did', async () => {
    const { reload, inForce, levels } = bench({})
    const settings = { resolver: { strict: true }, local: { zones: { lan: 'static' } }, log: { level: 'debug' } }
    expect(await reload(settings)).toMatchObject([
      {
        level: 'info',
        detail: { file: 'c', changed: ['resolver.strict', 'local.zones', 'log.level'], cache: 'kept' },
      },
    ])
    expect(inForce[0]?.resolver.strict).toBe(true)
    expect(levels).toEqual(['debug false'])
    expect(await reload(settings)).toMatchObject([{ detail: { changed: [], cache: 'kept, except for changed zones' } }])
  })

  it('says what needs a restart, each time until it is taken back or done', async () => {
    const { reload } = bench({ cache: { maxTtl: 100 } })
    const warned = { level: 'warn', detail: { keys: ['cache.maxTtl', 'ring.share'] } }
    const changed = { cache: { maxTtl: 200 }, ring: { share: false } }
    expect(await reload(changed)).toMatchObject([{ level: 'info' }, warned])
    expect(await reload(changed)).toMatchObject([{ level: 'info' }, warned])
    expect(await reload({ cache: { maxTtl: 100 } })).toMatchObject([{ level: 'info', detail: { changed: [] } }])
  })

  it('leaves the old configuration in force when the new one is wrong, and tells all its problems', async () => {
    const { reload, inForce, levels } = bench({})
    const lines = await reload({ resolver: { strikt: true }, local: { hosts: ['/none'] }, listen: 5 })
    expect(lines).toMatchObject([{ level: 'error', detail: { code: 'CONFIG_INVALID' } }])
    expect((lines[0]!.detail as { problems: string[] }).problems).toEqual([
      expect.stringMatching(/^listen: /),
      expect.stringMatching(/^resolver\.strikt: unknown key; did you mean `strict`\? \(c:1:\d+\)$/),
    ])
    expect([inForce, levels]).toEqual([[], []])
  })

  it('leaves it in force, too, when the node refuses, or fails', async () => {
    const { reload, levels } = bench({})
    const refusal = new ChordnsError('HINTS_EMPTY', 'no hints', {})
    expect(await reload({ resolver: { strict: true } }, refusal)).toMatchObject([
      { level: 'error', detail: { code: 'HINTS_EMPTY', error: 'no hints' } },
    ])
    expect(await reload({}, new TypeError('a fault'))).toMatchObject([{ level: 'error', detail: { error: 'a fault' } }])
    expect(levels).toEqual([])
    expect(await reload({ resolver: { strict: true } })).toMatchObject([{ detail: { changed: ['resolver.strict'] } }])
  })
})

describe('the plan of a reload', () => {
  it.each([
    [{ listen: { udp: ['127.0.0.1:5300'], tcp: [] } }, [], ['listen']],
    [{ status: { listen: false } }, [], ['status.listen']],
    [{ data: '/elsewhere' }, [], ['data']],
    [{ iterator: { bind: ['192.0.2.1'], ipv6: false } }, ['iterator.ipv6'], ['iterator.bind']],
    [{ iterator: { stubs: { lan: ['192.0.2.1'] } } }, ['iterator.stubs'], []],
    [{ cache: { prefetch: false, maxBytes: '2MiB' } }, ['cache.prefetch'], ['cache.maxBytes']],
    [{ resolver: { serveStale: false, order: 'ring' } }, ['resolver.order'], ['resolver.serveStale']],
    [{ access: { allow: ['127.0.0.9', '10.0.0.0/8'] } }, ['access.allow'], []],
    [
      { dnssec: { validate: false, negativeTrustAnchors: ['lan'] } },
      ['dnssec.validate', 'dnssec.negativeTrustAnchors'],
      [],
    ],
    [{ rebinding: { protect: true } }, ['rebinding.protect'], []],
  ])('%j', (settings, applied, needRestart) => {
    expect(planReload(load({}).settings, load(settings).settings)).toMatchObject({ applied, needRestart })
  })

  it('passes over wrong lines of a list, and tells them', async () => {
    const { reload, inForce } = bench({})
    files.set('/list', '0.0.0.0 ads.example.com\n<html>\n')
    const lines = await reload({ local: { hosts: ['/list'] } })
    expect(inForce).toHaveLength(1)
    expect(inForce[0]!.local.stats().hostNames).toBe(1)
    expect(lines.find(({ level }) => level === 'warn')).toMatchObject({
      detail: {
        path: 'local.hosts',
        text: expect.stringMatching(/^passed over: \/list:2: not an IPv4 address: <html>/),
      },
    })
  })

  it('keeps what is in force while a list is not there: its names are not forgotten', async () => {
    const { reload, inForce } = bench({})
    files.delete('/list')
    const lines = await reload({ local: { hosts: ['/list'] } })
    expect(inForce).toHaveLength(0)
    expect(lines).toMatchObject([
      {
        level: 'error',
        detail: {
          text: 'configuration not reloaded: the old one stays in force',
          problems: [expect.stringContaining('there is no file /list')],
        },
      },
    ])
  })
})

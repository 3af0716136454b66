/** What a node loads before it answers: the rooms that its configuration asks for, and no others (docs/decisions/0167). */
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, describe, expect, it } from 'vitest'

const PROCESS = fileURLToPath(new URL('loaded-process.ts', import.meta.url))
const dir = mkdtempSync(join(tmpdir(), 'chordns-loaded-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))

/** What lies below src/ and is no file of `except`, by room; packages by their name. */
async function loaded(name: string, ring: object): Promise<{ of: (room: string) => string[]; packages: Set<string> }> {
  const hints = join(dir, 'root.hints')
  writeFileSync(hints, '. 3600 NS a.root.\na.root. 3600 A 127.0.0.1\n')
  const file = join(dir, `${name}.json`)
  const settings = {
    listen: { udp: ['127.0.0.1:0'], tcp: ['127.0.0.1:0'] },
    iterator: { rootHints: hints, port: 1, queryLoopback: true, ipv6: false },
    status: { listen: '127.0.0.1:0' },
    data: join(dir, name),
    ring,
  }
  writeFileSync(file, JSON.stringify(settings))
  const { stdout } = await promisify(execFile)(process.execPath, [PROCESS, file])
  const urls = JSON.parse(stdout) as string[]
  return {
    of: (room) => urls.flatMap((url) => url.split(`/src/${room}/`)[1] ?? []),
    packages: new Set(urls.flatMap((url) => /.*\/node_modules\/((@[^/]+\/)?[^/]+)\//.exec(url)?.[1] ?? [])),
  }
}

describe('what a node loads', () => {
  it.concurrent('is nothing of rings and ledgers where there is no ring', async () => {
    const { of, packages } = await loaded('alone', { enabled: false })
    for (const room of ['ledger', 'chunk-chains', 'chain', 'sim']) expect(of(room)).toEqual([])
    expect(of('ring')).toEqual(['run/stored.ts'])
    expect(of('settings')).toEqual(['stored.ts'])
    // What the core has of them in any case.
    expect(of('chunks').sort()).toEqual(['limits.ts', 'reads/delegation-source.ts'])
    expect(of('household')).toEqual(['watched-cache.ts'])
    expect([...packages].filter((name) => name.includes('libp2p'))).toEqual([])
    // It is counted at all.
    expect(of('resolver')).not.toEqual([])
    expect(packages).toContain('zod')
  })

  it.concurrent('is nothing of a ring that nobody asked for, until somebody comes', async () => {
    const { of, packages } = await loaded('waiting', { listen: ['/ip4/127.0.0.1/tcp/0'] })
    for (const room of ['ledger', 'chunk-chains', 'chain', 'sim']) expect(of(room)).toEqual([])
    expect(of('ring')).toEqual(['run/stored.ts'])
    expect(of('settings')).toEqual(['stored.ts'])
    expect([...packages].filter((name) => name.includes('libp2p'))).toEqual([])
  })

  it.concurrent('is nothing of ledgers in a ring that has none', async () => {
    const { of } = await loaded('ring', { enabled: true, listen: ['/ip4/127.0.0.1/tcp/0'] })
    expect(of('ledger')).toEqual([])
    expect(of('peer').filter((path) => path.startsWith('ledger/') || path.startsWith('carrying/'))).toEqual([
      'ledger/paths.ts',
    ])
    expect(of('ring')).not.toEqual([])
  })
})

/** A reload that needs what the start did not load. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { loadConfig } from '../../src/config/index.ts'
import { Class, parseName, Type } from '../../src/dns/index.ts'
import { startNode } from '../../src/peer/node.ts'

const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
const dir = mkdtempSync(join(tmpdir(), 'chordns-reload-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))

it('gives a TLD to a ledger on a node that had none: its names do not exist in the DNS any more', async () => {
  const hints = join(dir, 'root.hints')
  writeFileSync(hints, '. 3600 NS a.root.\na.root. 3600 A 127.0.0.1\n')
  const configOf = (changes: object) => {
    const settings = {
      listen: { udp: ['127.0.0.1:0'], tcp: ['127.0.0.1:0'] },
      iterator: { rootHints: hints, port: 1, queryLoopback: true, ipv6: false },
      ring: { enabled: false },
      status: { listen: false },
      data: join(dir, 'data'),
      ...changes,
    }
    return loadConfig({ file: 'c', env: {}, readFile: (path) => (path === 'c' ? JSON.stringify(settings) : undefined) })
      .config
  }
  const node = await startNode({ config: configOf({}), log, version: 'test' })
  try {
    await node.reload(configOf({ ledger: { precedence: { p2p: 'ledger-only' } } }))
    const { ede } = await node.resolver.resolve({
      question: { name: parseName('shop.p2p'), type: Type.A, class: Class.IN },
      recursionDesired: true,
      checkingDisabled: false,
      dnssecOk: false,
      authenticData: false,
      client: 'test',
      signal: new AbortController().signal,
    })
    expect(JSON.stringify(ede)).toContain('the ledger of p2p cannot be asked')
  } finally {
    await node.close(0)
  }
})

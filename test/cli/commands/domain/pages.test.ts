import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { toHex } from '../../../../src/base/index.ts'
import { pageFor } from '../../../../src/cli/commands/domain/pages.ts'
import { encodeCanonical } from '../../../../src/crypto/index.ts'
import { keptVerdict, makeKeptBook } from '../../../../src/ledger/index.ts'
import { domainPlace, keptRootKey, writeKeptNames } from '../../../../src/peer/ledgers.ts'

const dir = mkdtempSync(join(tmpdir(), 'chordns-pages-'))
const book = makeKeptBook(['bank'])
const { bits, names, seed, root } = book.root
const kept = join(dir, 'example.kept')
/** What the node has under a key, hex. */
const values = new Map<string, string>()
let server: Server

beforeAll(async () => {
  await writeKeptNames(kept, book)
  server = createServer((request, response) => {
    const keys = new URL(request.url!, 'http://node').searchParams.getAll('key')
    const proven = keys.map((key) => ({ key, value: values.get(key) ?? null }))
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ chain: 'example', height: 1, time: 1, fresh: true, values: proven, proof: '' }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})
afterAll(() => {
  server.close()
  rmSync(dir, { recursive: true })
})
beforeEach(() => {
  values.clear()
  values.set(keptRootKey, toHex(encodeCanonical([bits, names, seed, root])))
})

function page(name: string, flags: { readonly kept?: string } = { kept }, value: string | null = null) {
  const place = domainPlace(name, [{ name: 'example', chainId: '11'.repeat(32) }])
  const node = { address: '127.0.0.1', port: (server.address() as AddressInfo).port }
  return pageFor(name, { node, place, value, policy: null, height: 1, fresh: true }, flags)
}

describe('a registration where a TLD keeps names by pages', () => {
  it('shows the page of its name, out of the file', async () => {
    const shown = await page('shop.example')
    expect(keptVerdict(book.root, new TextEncoder().encode('shop'), shown!)).toBe('free')
  })

  it('is not sent for a name that waits for a claim, and says how it is had', async () => {
    await expect(page('bank.example')).rejects.toMatchObject({
      code: 'DOMAIN_REFUSED',
      message: expect.stringContaining('domain claim'),
    })
  })

  it('shows none where none is asked for: by the chain, for a name that was had before, or that a vote is about', async () => {
    expect(await page('bank.example', {}, '00')).toBeUndefined()
    values.set(domainPlace('bank.example', [{ name: 'example', chainId: '11'.repeat(32) }]).keptKey, 'f4')
    expect(await page('bank.example')).toBeUndefined()
    values.clear()
    expect(await page('bank.example', {})).toBeUndefined()
  })

  it('says which file is missing', async () => {
    await expect(page('shop.example', { kept: join(dir, 'none') })).rejects.toMatchObject({ code: 'KEPT_NAMES' })
  })
})

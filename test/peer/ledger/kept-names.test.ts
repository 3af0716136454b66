import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { parseName } from '../../../src/dns/index.ts'
import { keptVerdict, makeKeptBook } from '../../../src/ledger/index.ts'
import { importZone, keptPolicy } from '../../../src/peer/ledger/claiming.ts'
import { keptRootIn, shownFrom, writeKeptNames } from '../../../src/peer/ledger/kept-names.ts'
import { parseNamePolicy } from '../../../src/peer/ledger/name-policy.ts'
import { importZoneFile } from '../../../src/peer/zones/import-file.ts'

const dir = mkdtempSync(join(tmpdir(), 'chordns-kept-'))
afterAll(() => rmSync(dir, { recursive: true }))
const at = (name: string) => join(dir, name)
const text = (value: string) => new TextEncoder().encode(value)
const names = Array.from({ length: 2_000 }, (_, i) => `shop-${i}`)
const book = makeKeptBook(names)
const nobody = new Uint8Array(32)

describe('a file of kept names', () => {
  it('gives the page of every label, kept or not, as the root on the chain has it', async () => {
    const file = at('example.kept')
    await writeKeptNames(file, book)
    expect(await keptRootIn(file)).toEqual(book.root)
    for (const label of ['shop-0', 'shop-1999', 'shop-1000', 'fresh', 'other']) {
      const { shown, isKept } = await shownFrom(file, book.root, text(label))
      expect(isKept).toBe(names.includes(label))
      expect(keptVerdict(book.root, text(label), shown)).toBe(isKept ? 'kept' : 'free')
    }
    await expect(writeKeptNames(file, book)).rejects.toMatchObject({ code: 'FILE_EXISTS' })
  })

  it('gives nothing that is not under that root: damaged, cut off, of other names, none at all', async () => {
    const good = readFileSync(at('example.kept'))
    const given = (bytes: Uint8Array, root = book.root) => {
      writeFileSync(at('bad.kept'), bytes)
      return shownFrom(at('bad.kept'), root, text('fresh'))
    }
    const flipped = (from: number) => good.map((byte, i) => (i >= from ? byte ^ 1 : byte))
    const layoutEnd = 20 + 1 + 4 + 64
    for (const bytes of [
      new Uint8Array(),
      good.subarray(0, 40),
      good.subarray(0, layoutEnd + 4),
      good.subarray(0, good.length - 30_000),
      flipped(0),
      flipped(20),
      flipped(layoutEnd),
      flipped(good.length - 20_000),
    ])
      await expect(given(bytes)).rejects.toMatchObject({ code: 'KEPT_NAMES' })
    await expect(given(good, makeKeptBook(['x']).root)).rejects.toThrow(/it has the root/)
    await expect(shownFrom(at('none.kept'), book.root, text('x'))).rejects.toThrow(/there is no such file/)
  })
})

describe('names of a zone file', () => {
  const head = `$ORIGIN example.
@ 300 IN SOA a.nic admin (
  1 3600 600 86400 5 )
@ 300 IN NS a.nic
`
  const zone = `${head}${names.map((name) => `${name} 300 IN NS ns1.${name}\n\t300 IN NS ns2.other. ; (not opened\n`).join('')}_x NS a.nic
a.nic 300 IN A 192.0.2.53
nic 300 IN NS a.nic
`

  it('are read from a file in parts, as from a text in one', () => {
    writeFileSync(at('example.zone'), zone)
    const inParts = importZoneFile(at('example.zone'), parseName('.'))
    expect(inParts).toEqual(importZone('a text', zone, parseName('.')))
    expect(inParts.servers).toEqual(['a.nic.example.=192.0.2.53'])
    expect(inParts.names).toHaveLength(names.length + 2)
  })

  it('are read in parts of whole records, however long a record is', () => {
    const filler = '; filler\n'.repeat(40_000)
    writeFileSync(
      at('long.zone'),
      `${head}txt TXT ("(" "a"\n${filler}"b" ) ; )\nshop NS ns.other.\n${filler}late NS ns.other.\n`,
    )
    expect(importZoneFile(at('long.zone'), parseName('.')).names).toEqual(['late', 'shop'])
    writeFileSync(at('broken.zone'), `${head}${filler}shop NS\n`)
    expect(() => importZoneFile(at('broken.zone'), parseName('.'))).toThrow(/after line \d+/)
    expect(() => importZoneFile(at('no.zone'), parseName('.'))).toThrow(/there is no file/)
  })

  it('are kept one by one as long as they are few, and by a root when they are many', () => {
    const few = keptPolicy(['shop', '_x'])
    expect(few.book).toBeUndefined()
    expect(parseNamePolicy('f', few.text, nobody).kept).toMatchObject([{ label: text('shop') }])
    const many = keptPolicy([...names, '_x'])
    expect(many.book?.root).toEqual(book.root)
    expect(parseNamePolicy('f', many.text, nobody)).toMatchObject({ kept: [], pages: book.root })
  })
})

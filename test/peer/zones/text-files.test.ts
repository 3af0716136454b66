import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { linesOf, TextFile } from '../../../src/peer/zones/text-files.ts'

const dir = mkdtempSync(join(tmpdir(), 'chordns-text-'))
afterAll(() => rmSync(dir, { recursive: true }))

describe('a text file', () => {
  it('has the lines that were written, whatever their length is beside that of the buffer', () => {
    const file = join(dir, 'a')
    const size = 1 << 18
    const lengths = [0, 1, 13, size - 2, size - 1, size, size + 1, 3 * size, 0, 100]
    const lines = [...lengths, ...lengths].map((length, i) =>
      String.fromCharCode(0x61 + i, 0xe4)
        .repeat(length)
        .slice(0, length),
    )
    const out = new TextFile(file)
    for (const line of lines) out.line(line)
    out.close()
    expect(readFileSync(file, 'latin1') === `${lines.join('\n')}\n`).toBe(true)
    expect([...linesOf(file)!].every((line, i) => line === lines[i])).toBe(true)
    expect(linesOf(join(dir, 'none'))).toBeUndefined()
  })
})

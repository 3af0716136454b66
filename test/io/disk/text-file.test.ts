import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readTextFile, replaceTextFile } from '../../../src/io/disk/text-file.ts'

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'chordns-text-'))
})
afterEach(() => rmSync(directory, { recursive: true }))

describe('a text file', () => {
  it('is undefined while it is not there, and an error when it cannot be read', () => {
    expect(readTextFile(join(directory, 'none'))).toBeUndefined()
    expect(() => readTextFile(directory)).toThrow()
  })

  it('is replaced as a whole, its directory made, and nothing left beside it', async () => {
    const file = join(directory, 'data', 'state.txt')
    await replaceTextFile(file, 'a long first text')
    await replaceTextFile(file, 'short')
    expect(readTextFile(file)).toBe('short')
    expect(readdirSync(join(directory, 'data'))).toEqual(['state.txt'])
  })

  it('stays as it was when the new text cannot be written', async () => {
    const file = join(directory, 'state.txt')
    writeFileSync(file, 'old')
    // A directory stands where the new text would be written first.
    await replaceTextFile(join(`${file}.new`, 'x'), 'y')
    await expect(replaceTextFile(file, 'new')).rejects.toThrow()
    expect(readFileSync(file, 'utf8')).toBe('old')
  })
})

import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { fileTrouble, systemCodeOf, utf8Text } from '../../src/base/index.ts'

const dir = mkdtempSync(join(tmpdir(), 'chordns-files-'))
afterAll(() => rmSync(dir, { recursive: true }))

function troubleWith(file: string): string {
  try {
    readFileSync(file)
    return 'none'
  } catch (error) {
    return fileTrouble(file, error)
  }
}

describe('what is wrong with a file', () => {
  it('is said with its path and what to do, for what the system really throws', () => {
    mkdirSync(join(dir, 'directory'))
    writeFileSync(join(dir, 'file'), '')
    symlinkSync(join(dir, 'loop'), join(dir, 'loop'))
    expect(troubleWith(join(dir, 'missing'))).toBe(`there is no file ${dir}/missing: correct the path`)
    expect(troubleWith(join(dir, 'directory'))).toBe(`${dir}/directory is a directory, not a file: name the file in it`)
    expect(troubleWith(join(dir, 'file/x'))).toContain('a part of its path is a file')
    expect(troubleWith(join(dir, 'loop'))).toContain('leads back to itself')
    expect(troubleWith(join(dir, 'x'.repeat(5_000)))).toContain('too long')
  })

  it('names the user where permission is missing', () => {
    const denied = Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES', syscall: 'open' })
    expect(fileTrouble('/etc/x', denied)).toBe(
      '/etc/x: permission denied; give it, and the directories above it, to the user that chordns runs as',
    )
  })

  it('is the text of the error where nothing better is known', () => {
    expect(fileTrouble('/x', new Error('odd'))).toBe('/x: odd')
    expect(systemCodeOf(new Error('odd'))).toBeUndefined()
  })
})

describe('the text of a file', () => {
  const bytes = (text: string) => new TextEncoder().encode(text)

  it('is what UTF-8 says', () => {
    expect(utf8Text(bytes('grüße\n'))).toBe('grüße\n')
    expect(utf8Text(bytes(''))).toBe('')
  })

  it('names the line that is not UTF-8', () => {
    expect(() => utf8Text(Uint8Array.of(97, 10, 98, 10, 0xfc, 10, 99))).toThrow(
      'not UTF-8 text (line 3): save it as UTF-8',
    )
    expect(() => utf8Text(Uint8Array.of(97, 10, 0xe2, 0x82))).toThrow('(line 2)')
  })

  it('knows the UTF-16 of Windows', () => {
    expect(() => utf8Text(Uint8Array.of(0xff, 0xfe, 97, 0))).toThrow('UTF-16')
    expect(() => utf8Text(Uint8Array.of(0xfe, 0xff, 0, 97))).toThrow('save it as UTF-8')
  })
})

import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { applyFiles, type Places, undoFiles } from '../../../src/cli/setup/apply.ts'

let root: string
let places: Places
const at = (path: string) => join(root, path)
const planned = (path: string, text: string) => ({ path, text, why: 'a test' })

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'chordns-setup-'))
  places = { root, record: at('setup.undo.json') }
  mkdirSync(at('etc'))
})

afterEach(() => rmSync(root, { recursive: true }))

describe('what setup writes', () => {
  it('is all undone: files, links, and what was not there', () => {
    writeFileSync(at('etc/config'), 'old', { mode: 0o640 })
    symlinkSync('/run/stub', at('etc/resolv.conf'))
    applyFiles(
      [planned('etc/config', 'new'), planned('etc/resolv.conf', 'ours'), planned('etc/sub/drop-in', 'ours')],
      places,
    )
    expect(lstatSync(at('etc/resolv.conf')).isFile()).toBe(true)
    expect(undoFiles(places, { force: false })).toEqual({
      restored: ['etc/config', 'etc/resolv.conf', 'etc/sub/drop-in'],
      left: [],
    })
    expect(readFileSync(at('etc/config'), 'utf8')).toBe('old')
    expect(lstatSync(at('etc/config')).mode & 0o777).toBe(0o640)
    expect(readlinkSync(at('etc/resolv.conf'))).toBe('/run/stub')
    expect(lstatSync(at('etc/sub/drop-in'), { throwIfNoEntry: false })).toBeUndefined()
    expect(() => undoFiles(places, { force: false })).toThrow(expect.objectContaining({ code: 'SETUP_NOTHING' }))
  })

  it('goes back to the first state after several runs', () => {
    writeFileSync(at('etc/config'), 'first')
    applyFiles([planned('etc/config', 'second')], places)
    applyFiles([planned('etc/config', 'third'), planned('etc/resolv.conf', 'ours')], places)
    undoFiles(places, { force: false })
    expect(readFileSync(at('etc/config'), 'utf8')).toBe('first')
  })

  it('is undone but for what shall stay, which a later undo restores', () => {
    writeFileSync(at('etc/config'), 'old')
    applyFiles([planned('etc/config', 'new'), planned('etc/resolv.conf', 'ours')], places)
    expect(undoFiles(places, { force: false, except: ['etc/config'] })).toEqual({
      restored: ['etc/resolv.conf'],
      left: [],
    })
    expect(readFileSync(at('etc/config'), 'utf8')).toBe('new')
    undoFiles(places, { force: false })
    expect(readFileSync(at('etc/config'), 'utf8')).toBe('old')
  })

  it('is not undone where somebody has changed it since, unless that is wanted', () => {
    writeFileSync(at('etc/config'), 'old')
    applyFiles([planned('etc/config', 'new'), planned('etc/other', 'ours')], places)
    writeFileSync(at('etc/config'), 'mine')
    expect(undoFiles(places, { force: false })).toEqual({ restored: ['etc/other'], left: ['etc/config'] })
    expect(readFileSync(at('etc/config'), 'utf8')).toBe('mine')
    expect(undoFiles(places, { force: true })).toEqual({ restored: ['etc/config'], left: [] })
    expect(readFileSync(at('etc/config'), 'utf8')).toBe('old')
  })

  it('names the path that cannot be written', () => {
    writeFileSync(at('etc/file'), '')
    expect(() => applyFiles([planned('etc/file/below', 'x')], places)).toThrow(
      expect.objectContaining({ code: 'SETUP_FAILED', detail: { file: at('etc/file/below') } }),
    )
  })

  it('refuses a record that is none', () => {
    writeFileSync(places.record, '{"version":9}')
    expect(() => undoFiles(places, { force: true })).toThrow(expect.objectContaining({ code: 'SETUP_FAILED' }))
  })
})

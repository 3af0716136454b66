import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { codeCacheOf } from '../../src/cli/code-cache.mjs'

describe('the directory of compiled code', () => {
  let home = ''
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'chordns-code-'))
  })
  afterEach(() => rmSync(home, { recursive: true }))

  it("is in the user's cache, and is the user's alone", () => {
    const found = codeCacheOf({ HOME: home })
    expect(found).toBe(join(home, '.cache', 'chordns', 'code'))
    expect(statSync(found!).mode & 0o077).toBe(0)
    expect(codeCacheOf({ HOME: '/nowhere', XDG_CACHE_HOME: home })).toBe(join(home, 'chordns', 'code'))
  })

  it('is in the cache of the service, where there is one', () => {
    expect(codeCacheOf({ HOME: '/nowhere', CACHE_DIRECTORY: home })).toBe(join(home, 'code'))
  })

  it('is none that others can write to', () => {
    const own = join(home, 'chordns')
    mkdirSync(own)
    chmodSync(own, 0o777)
    expect(codeCacheOf({ XDG_CACHE_HOME: home })).toBeUndefined()
    chmodSync(own, 0o700)
    expect(codeCacheOf({ XDG_CACHE_HOME: home })).toBeDefined()
    chmodSync(join(own, 'code'), 0o720)
    expect(codeCacheOf({ XDG_CACHE_HOME: home })).toBeUndefined()
  })

  it("is none of another user's, as with sudo", () => {
    expect(codeCacheOf({ HOME: home }, process.geteuid!() + 1)).toBeUndefined()
  })

  it('is none where there is no place, and none when the operator says where', () => {
    writeFileSync(join(home, 'file'), '')
    expect(codeCacheOf({ HOME: join(home, 'file') })).toBeUndefined()
    expect(codeCacheOf({})).toBeUndefined()
    expect(codeCacheOf({ HOME: home, NODE_COMPILE_CACHE: '/elsewhere' })).toBeUndefined()
    expect(codeCacheOf({ HOME: home, NODE_DISABLE_COMPILE_CACHE: '1' })).toBeUndefined()
    expect(existsSync(join(home, '.cache'))).toBe(false)
  })
})

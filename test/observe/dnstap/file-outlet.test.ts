import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { FileOutlet } from '../../../src/observe/dnstap/file-outlet.ts'
import { dataFrames } from '../../../src/observe/dnstap/frame-streams.ts'
import { framesOf } from './reading.ts'

let dir: string
let path: string
const inFile = (name = path) => framesOf(readFileSync(name))
const frame = (...octets: number[]) => dataFrames([Uint8Array.from(octets)])

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'chordns-tap-'))
  path = join(dir, 'queries.tap')
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

describe('a dnstap file', () => {
  it('begins with START and ends with STOP, for its owner alone', async () => {
    const outlet = new FileOutlet(path)
    await outlet.open()
    await outlet.write(frame(1))
    await outlet.finish()
    expect(inFile()).toEqual({ control: [2, 3], payloads: [Uint8Array.of(1)], rest: 0 })
    expect(statSync(path).mode & 0o777).toBe(0o600)
  })

  it('never grows beyond its bound, and only the one before is kept', async () => {
    const outlet = new FileOutlet(path, 150)
    await outlet.open()
    for (let i = 1; i <= 30; i++) await outlet.write(frame(i, i, i, i, i, i))
    await outlet.finish()
    expect(readdirSync(dir).sort()).toEqual(['queries.tap', 'queries.tap.1'])
    for (const name of [path, `${path}.1`]) {
      expect(statSync(name).size).toBeLessThanOrEqual(150)
      expect(inFile(name)).toMatchObject({ control: [2, 3], rest: 0 })
    }
    expect(inFile().payloads.at(-1)![0]).toBe(30)
  })

  it('puts aside what was there, and touches nothing that is no file', async () => {
    writeFileSync(path, 'before')
    const outlet = new FileOutlet(path)
    await outlet.open()
    await outlet.finish()
    expect(readFileSync(`${path}.1`, 'utf8')).toBe('before')
    mkdirSync(join(dir, 'folder'))
    await expect(new FileOutlet(join(dir, 'folder')).open()).rejects.toThrow('is no file')
    expect(existsSync(join(dir, 'folder'))).toBe(true)
  })

  it('has whole frames only after a full disk, and goes on where it was', async () => {
    let room = Number.POSITIVE_INFINITY
    const openFile: typeof open = async (...args) => {
      const handle = await open(...args)
      const write = handle.write.bind(handle) as (
        bytes: Uint8Array,
        at: number,
        length: number,
        place: number,
      ) => Promise<{ bytesWritten: number }>
      handle.write = (async (bytes: Uint8Array, at: number, length: number, place: number) => {
        const part = Math.min(length, room)
        room -= part
        if (part === 0) throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' })
        return write(bytes, at, part, place)
      }) as typeof handle.write
      return handle
    }
    const outlet = new FileOutlet(path, undefined, openFile)
    await outlet.open()
    await outlet.write(frame(1, 1, 1))
    room = 5
    await expect(outlet.write(frame(2, 2, 2))).rejects.toThrow('ENOSPC')
    expect(inFile()).toEqual({ control: [2], payloads: [Uint8Array.of(1, 1, 1)], rest: 0 })
    room = Number.POSITIVE_INFINITY
    outlet.destroy()
    await outlet.open()
    await outlet.write(frame(3))
    await outlet.finish()
    expect(inFile()).toEqual({ control: [2, 3], payloads: [Uint8Array.of(1, 1, 1), Uint8Array.of(3)], rest: 0 })
  })
})

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { encodeToken } from '../../../src/peer/index.ts'
import { captured } from '../captured.ts'

let directory: string
let file: string

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'chordns-join-'))
  file = join(directory, 'resolver.config.json')
})

afterEach(() => rmSync(directory, { recursive: true }))

/** Of a ring that lets everybody in: nobody need be asked. */
const token = encodeToken({
  ringId: 'a-ring',
  admission: 'open',
  replicas: 2,
  chunkBits: 8,
  addresses: ['/ip4/192.0.2.1/tcp/4153'],
})

const written = () => JSON.parse(readFileSync(file, 'utf8'))

describe('chordns join', () => {
  it('writes a configuration where there is none', async () => {
    const { code } = await captured('join', token, '--config', file, '--data', join(directory, 'data'))
    expect(code).toBe(0)
    expect(written()).toMatchObject({ data: 'data', ring: { id: 'a-ring', admission: 'open' } })
    expect(written().ring).not.toHaveProperty('acceptFrom')
  })

  it('adds the ring to a configuration that has chosen none, and leaves the rest', async () => {
    writeFileSync(file, JSON.stringify({ data: 'elsewhere', resolver: { strict: false }, ring: { mdns: true } }))
    const { code } = await captured('join', token, '--config', file)
    expect(code).toBe(0)
    expect(written()).toMatchObject({
      data: 'elsewhere',
      resolver: { strict: false },
      ring: { mdns: true, id: 'a-ring', bootstrap: ['/ip4/192.0.2.1/tcp/4153'] },
    })
  })

  it('leaves the configuration of a member of a ring alone, unless it is told not to', async () => {
    const before = JSON.stringify({ ring: { enabled: true, id: 'another', admission: 'open', replicas: 2 } })
    writeFileSync(file, before)
    const refused = await captured('join', token, '--config', file)
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('--force') })
    expect(readFileSync(file, 'utf8')).toBe(before)
    expect((await captured('join', token, '--config', file, '--force')).code).toBe(0)
    expect(written().ring.id).toBe('a-ring')
  })

  it('lets machines of one home believe and find each other when it is told that they are', async () => {
    await captured('join', token, '--config', file, '--household')
    expect(written().ring).toMatchObject({ acceptFrom: 'any-member', mdns: true })
  })

  it('changes nothing for a token that is none', async () => {
    const { code, stderr } = await captured('join', 'chordns2.nonsense', '--config', file)
    expect(code).not.toBe(0)
    expect(stderr).toMatch(/token|invitation/)
    expect(existsSync(file)).toBe(false)
  })
})

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { afterEach, describe, expect, it } from 'vitest'
import type { Log } from '../../../../src/base/index.ts'
import { type OpenState, openState } from '../../../../src/peer/state/open-state.ts'
import { committed, entriesFrom, stateCompliance } from '../../../chain/state/state.compliance.ts'

const errors: string[] = []
const log: Log = { debug() {}, info() {}, warn() {}, error: (_, message) => void errors.push(message) }
const folders: string[] = []
const folder = () => {
  folders.push(mkdtempSync(join(tmpdir(), 'chordns-state-')))
  return folders.at(-1)!
}
const open: OpenState[] = []
async function opened(file: string, maxBytes = 64 * 1024 * 1024) {
  const one = await openState({ file, maxBytes }, { log }, { onBroken: () => {} })
  open.push(one)
  return one.state
}
async function closeAll() {
  for (const one of open.splice(0)) await one.close()
}

afterEach(async () => {
  await closeAll()
  for (const one of folders.splice(0)) rmSync(one, { recursive: true, force: true })
})

describe('a state in a thread and a file of its own', () => {
  stateCompliance(() => {
    let place = folder()
    return {
      open: () => opened(join(place, 'state.db')),
      openSmall: () => opened(join(folder(), 'state.db'), 200_000),
      close: closeAll,
      async forget() {
        await closeAll()
        place = folder()
      },
    }
  }, 3)

  it('is refused to a second node', async () => {
    const file = join(folder(), 'state.db')
    await opened(file)
    await expect(opened(file)).rejects.toMatchObject({ code: 'STORE_BUSY' })
  })

  it('is begun anew beside a file that is none, which is put aside', async () => {
    const file = join(folder(), 'state.db')
    writeFileSync(
      file,
      'not a database, and longer than a hundred bytes, which is as much as the head of one'.repeat(3),
    )
    errors.length = 0
    const state = await opened(file)
    expect((await state.status()).head).toBeUndefined()
    expect(errors).toEqual([expect.stringMatching(/put aside/)])
  })

  it('says so when it cannot have its file', async () => {
    const place = folder()
    writeFileSync(join(place, 'file'), '')
    await expect(opened(join(place, 'file', 'state.db'))).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
  })

  it('answers no call after it was closed', async () => {
    const state = await opened(join(folder(), 'state.db'))
    const last = state.prepare(1, entriesFrom(0, 10))
    await closeAll()
    await expect(last).resolves.toHaveLength(32)
    await expect(state.status()).rejects.toMatchObject({ code: 'THREAD_FAILED' })
  })

  it('does not stop the loop of whoever calls while it writes a large block', async () => {
    const state = await opened(join(folder(), 'state.db'))
    const entries = entriesFrom(0, 10_000, 200)
    const delay = monitorEventLoopDelay({ resolution: 1 })
    await committed(state, 1, entries.slice(0, 10))
    delay.enable()
    const started = performance.now()
    await committed(state, 2, entries)
    delay.disable()
    // The work takes far longer than any stop of this loop; the message itself has 10,000 entries to be cloned.
    expect(performance.now() - started).toBeGreaterThan(3 * (delay.max / 1e6))
  })
})

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { toHex } from '../../../src/base/index.ts'
import { createStateChain } from '../../../src/chain/index.ts'
import { systemClock } from '../../../src/io/index.ts'
import { openApplication } from '../../../src/peer/state/open-application.ts'
import { createMemoryDisk, seededRandom } from '../../../src/sim/index.ts'
import { chainId, people, scheme } from '../../chain/one.ts'
import { stateApplication, transaction } from '../../sim/chain/application.ts'

const log = { debug() {}, info() {}, warn() {}, error() {} }

describe('an application in a thread of its own', () => {
  let directory: string
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'chordns-application-'))
  })
  afterEach(() => rmSync(directory, { recursive: true }))

  it('decides blocks of a chain, keeps their states, and answers questions', async () => {
    const clock = systemClock()
    const disk = createMemoryDisk({ random: seededRandom(1) })
    const { validators, signers } = people(1)
    const open = async () => {
      const thread = {
        module: new URL('./map-thread.ts', import.meta.url),
        name: 'ledger',
        data: join(directory, 'state.db'),
      }
      const fetchPiece = () => Promise.reject(new Error('nobody'))
      const application = await openApplication(thread, { clock, log, fetchPiece }, { onBroken() {} })
      const stores = { blocks: disk.open() }
      let decide: (height: number) => void = () => {}
      const chain = createStateChain(
        {
          chainId,
          validators,
          signer: signers[0]!,
          scheme,
          application: stateApplication([]),
          port: application.port,
          stores,
          clock,
          log,
        },
        { send() {}, onDecided: ({ block }) => decide(block.header.height) },
        { intervalMs: 1, batchMs: 1, tickMs: 50, genesisTime: Date.now() - 1_000 },
      )
      const decided = (height: number) =>
        new Promise<void>((resolve) => {
          decide = (one) => one === height && resolve()
        })
      chain.start()
      return {
        chain,
        application,
        decided,
        close: async () => {
          chain.stop()
          await application.close()
          await stores.blocks.close()
        },
      }
    }
    const first = await open()
    const one = first.decided(1)
    first.chain.submit(transaction(1))
    await one
    const two = first.decided(2)
    first.chain.submit(transaction(2))
    await two
    expect(await first.application.ask('has', transaction(2))).toBe(true)
    expect(await first.application.ask('has', transaction(3))).toBe(false)
    const { stateRoot } = first.chain.status()
    expect(toHex(await first.application.state.root(2))).toBe(toHex(stateRoot))
    await first.close()

    const again = await open()
    const three = again.decided(3)
    again.chain.submit(transaction(3))
    await three
    expect(again.chain.status().height).toBe(3)
    await again.close()
  })
})

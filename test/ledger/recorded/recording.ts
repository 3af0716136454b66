/**
 * Records what tests of the ledger's modules do to an application, when asked to (`CHORDNS_RECORD=DIR`): what each block has, and what came of it. Of these
 * recordings `record.ts` chooses some that have every kind of transaction, for the test that each release replays them to the same states.
 */
import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { threadId } from 'node:worker_threads'
import { toHex } from '../../../src/base/index.ts'
import type { BlockContent } from '../../../src/chain/index.ts'
import { createLedgerApplication, ledgerModules, mayCarry } from '../../../src/ledger/index.ts'
import { type Recorded, type RecordedBlock, toText } from './chain.ts'

type Parts = Parameters<typeof createLedgerApplication>[0]

let count = 0

/** The application of those parts; what it applies is recorded when that is asked for. */
export function recordedApplication(parts: Parts): ReturnType<typeof createLedgerApplication> {
  const application = createLedgerApplication(parts)
  const folder = process.env['CHORDNS_RECORD']
  // Modules of a test's own are in no release.
  if (folder === undefined || parts.modules.some((one) => !ledgerModules.includes(one))) return application
  const file = join(folder, `${process.pid}-${threadId}-${count++}.jsonl`)
  const { chainName, genesisTime, chainId, validators, genesis, modules } = parts
  const carriers = parts.mayCarry === mayCarry ? 'list' : 'all'
  const head: Omit<Recorded, 'blocks' | 'proven'> = {
    chainName,
    genesisTime,
    chainId,
    validators,
    genesis,
    carriers,
    modules: modules.map(({ id }) => id),
  }
  appendFileSync(file, `${toText(head)}\n`)
  const apply = application.apply.bind(application)
  return Object.assign(application, {
    apply(state: Parameters<typeof apply>[0], content: BlockContent) {
      const applied = apply(state, content)
      if (applied === undefined) return applied
      const block: RecordedBlock = {
        content,
        before: toHex(state.root()),
        root: toHex(applied.state.root()),
        results: (applied.results ?? []).map(({ code, detail }) => [code, Buffer.from(detail).toString('utf8')]),
      }
      appendFileSync(file, `${toText(block)}\n`)
      return applied
    },
  })
}

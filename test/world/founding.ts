/** A ledger for a cluster of peers: each organisation's keys stand where its node will have them, and all get one genesis. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Config } from '../../src/config/index.ts'
import { type GenesisRequest, makeFounder, makeGenesis } from '../../src/peer/ledgers.ts'

export interface LedgerPlan {
  /** Where the public parts of the keys and the genesis go. */
  readonly directory: string
  /** The data directory of a peer. */
  readonly dataOf: (index: number) => string
  /** Organisations 0 to this are admitted from the start; the first endorses others. */
  readonly organisations: number
  /** So many of them, from the first on, have a voting key. */
  readonly validators: number
  readonly chainNames: readonly string[]
  readonly pace: Pick<GenesisRequest, 'heartbeatMs' | 'intervalMs' | 'epochBlocks' | 'names' | 'balance' | 'claims'>
}

/** Makes the keys of an organisation where they are not there yet. Resolves with its public part. */
export async function organisationAt(data: string, index: number, isValidator: boolean): Promise<string> {
  const ledger = { accountFile: join(data, 'account.key'), votingKeyFile: join(data, 'voting.key') }
  return (await makeFounder({ data, ledger } as Config, { name: `Org ${index}`, isValidator })).text
}

/** Resolves with the genesis file. The ring is that of `startCluster`. */
export async function foundLedger(plan: LedgerPlan): Promise<string> {
  const { directory, dataOf, organisations, validators, chainNames, pace } = plan
  mkdirSync(directory, { recursive: true })
  const files: string[] = []
  for (let index = 0; index < organisations; index++) {
    const file = join(directory, `org${index}.json`)
    writeFileSync(file, await organisationAt(dataOf(index), index, index < validators))
    files.push(file)
  }
  const [first, ...others] = files
  const founders = { endorsers: [first!], others }
  const made = makeGenesis({ ringId: 'demo', time: Date.now() - 5_000, chainNames, ...founders, ...pace })
  const genesis = join(directory, 'genesis.json')
  writeFileSync(genesis, made.text)
  return genesis
}

/** Blocks of a chain whose four nodes are those of its genesis. */
import { sortedValidators } from '../../../src/chain/index.ts'
import { type CborValue, type Signer, sha256 } from '../../../src/crypto/index.ts'
import { ADMISSION, AUTHORITY, type LedgerModule } from '../../../src/ledger/index.ts'
import { genesisOf, signerOf } from './admission-world.ts'
import { ledgerBlocks } from './ledger-blocks.ts'

export function nodeBlocks(modules: readonly LedgerModule[], running: readonly number[], epochBlocks = 1_000) {
  const { genesis, validators } = genesisOf(4, epochBlocks)
  const keys = validators.map((_, i) => signerOf(`voting key ${i}`))
  const set = sortedValidators(
    validators.map(({ ringKey }, i) => ({ id: sha256(ringKey), publicKey: keys[i]!.publicKey })),
  )
  const nodes = validators.map(({ account, ringKey }, i) => [account.publicKey, 0, ringKey, keys[i]!.publicKey])
  const blocks = ledgerBlocks({
    modules,
    validators: set,
    genesis: new Map<number, CborValue>([
      ...running.map((id): [number, CborValue] => [id, null]),
      [ADMISSION, genesis],
      [AUTHORITY, [epochBlocks, 31, nodes]],
    ]),
  })
  const members = validators.map(({ account }) => account) as [Signer, Signer, Signer, Signer]
  return { ...blocks, members }
}

/**
 * The thread of the chain that is being filled: the application of production, whose module of names also writes, at the end of each of the first
 * blocks, records as registrations leave them. Later blocks, and whoever opens the same files, know nothing of it.
 */
import { decodeGenesis, ledgerChainId } from '../../src/chain/index.ts'
import { ed25519, sha256 } from '../../src/crypto/index.ts'
import {
  createLedgerApplication,
  type LedgerModule,
  ledgerModules,
  mayCarry,
  nameStateKey,
  names,
} from '../../src/ledger/index.ts'
import { keyIn, Part } from '../../src/ledger/modules/names/label.ts'
import { answerApplication } from '../../src/peer/state/application-thread.ts'
import type { StateFile } from '../../src/peer/state/open-state.ts'
import { labelOf, recordOf } from './ledger-parts.ts'

export interface FillData {
  readonly file: StateFile
  readonly genesis: Uint8Array
  readonly names: number
  /** Names of one block. */
  readonly each: number
}

answerApplication((data) => {
  const { file, genesis: bytes, names: count, each } = data as FillData
  const genesis = decodeGenesis(bytes)
  const order = inOrderOfPaths(count)
  const filling: LedgerModule = {
    ...names,
    endBlock(end) {
      const { height, time } = end.block
      for (const number of order.subarray((height - 1) * each, height * each))
        end.own.set(keyIn(Part.RECORD, labelOf(number)), recordOf(number, time))
      return names.endBlock?.(end)
    },
  }
  const { name: chainName, time: genesisTime, validators, application } = genesis
  return {
    file,
    application: createLedgerApplication({
      chainId: ledgerChainId(genesis),
      chainName,
      genesisTime,
      validators,
      genesis: application,
      modules: ledgerModules.map((one) => (one.id === names.id ? filling : one)),
      scheme: ed25519,
      mayCarry,
    }),
  }
})

/** The numbers of names in the order in which a catching-up validator gets them: neighbours in the tree together, which is quicker to write. */
function inOrderOfPaths(count: number): Uint32Array {
  const keyed = new Float64Array(count)
  for (let number = 0; number < count; number++) {
    const path = sha256(nameStateKey(labelOf(number)))
    // 28 bits of the path and 24 of the number are a whole number that a double holds.
    keyed[number] = (new DataView(path.buffer, path.byteOffset).getUint32(0) >>> 4) * 2 ** 24 + number
  }
  return Uint32Array.from(keyed.sort(), (one) => one % 2 ** 24)
}

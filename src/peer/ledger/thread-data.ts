/** The application of a chain out of its genesis: the same in the thread that has the state and in the one that runs the chain. */
import { decodeGenesis, encodeGenesis, ledgerChainId } from '../../chain/index.ts'
import { ed25519 } from '../../crypto/index.ts'
import {
  createLedgerApplication,
  type LedgerApplication,
  type LedgerGenesis,
  ledgerModules,
  mayCarry,
} from '../../ledger/index.ts'
import type { StateFile } from '../state/open-state.ts'

/** What can be sent to a thread. */
export interface LedgerThreadData {
  readonly file: StateFile
  /** As `encodeGenesis` writes it. */
  readonly genesis: Uint8Array
}

export function threadData(file: StateFile, { genesis }: LedgerGenesis): LedgerThreadData {
  return { file, genesis: encodeGenesis(genesis) }
}

/** Throws CHAIN_MALFORMED, LEDGER_MALFORMED, LEDGER_GENESIS. */
export function ledgerApplicationOf(bytes: Uint8Array): LedgerApplication {
  const genesis = decodeGenesis(bytes)
  const { name: chainName, time: genesisTime, validators, application } = genesis
  return createLedgerApplication({
    chainId: ledgerChainId(genesis),
    chainName,
    genesisTime,
    validators,
    genesis: application,
    modules: ledgerModules,
    scheme: ed25519,
    mayCarry,
  })
}

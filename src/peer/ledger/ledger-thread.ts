/** The thread of one ledger chain: its application, on its state. */

import { answerApplication } from '../state/application-thread.ts'
import { type LedgerThreadData, ledgerApplicationOf } from './thread-data.ts'

answerApplication((data) => {
  const { file, genesis } = data as LedgerThreadData
  return { file, application: ledgerApplicationOf(genesis) }
})

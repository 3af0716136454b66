/** The thread of one ledger chain: its application, on its state. */
import { ledgerApplicationOf, type LedgerThreadData } from './thread-data.ts'
import { answerApplication } from '../state/application-thread.ts'

answerApplication((data) => {
  const { file, genesis } = data as LedgerThreadData
  return { file, application: ledgerApplicationOf(genesis) }
})

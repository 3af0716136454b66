/** The thread that a ledger's state lives in: one file, which nobody else has open, and the methods of chain/ on it. */
import { stateMethods } from '../../chain/index.ts'
import { answerCalls, openSqliteStore } from '../../io/index.ts'
import type { StateFile } from './open-state.ts'

answerCalls((data, log) => {
  const { file, maxBytes } = data as StateFile
  const store = openSqliteStore({ file, maxBytes, log, now: () => Date.now() })
  return { ...stateMethods(store), close: () => void store.close() }
})

/** The thread of an application that takes every transaction and keeps the last of each account: nearly all that is done about a block is the chain's. */
import { answerApplication } from '../../src/peer/state/application-thread.ts'
import type { StateFile } from '../../src/peer/state/open-state.ts'
import { accountOf } from './stops-transactions.ts'

const text = new TextEncoder()

answerApplication((data) => ({
  file: data as StateFile,
  application: {
    begin: (empty) => empty,
    admits: () => true,
    build: (_, { transactions }) => ({ extension: new Uint8Array(), transactions }),
    apply(state, { transactions }) {
      let after = state
      for (const one of transactions) after = after.set(text.encode(accountOf(one)), one.slice(0, 64))
      return { state: after }
    },
  },
}))

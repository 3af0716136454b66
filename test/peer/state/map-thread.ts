/** A thread with the small application of the chain simulator. */
import { answerApplication } from '../../../src/peer/state/application-thread.ts'
import { stateApplication } from '../../sim/chain/application.ts'

answerApplication((data) => ({
  file: { file: data as string, maxBytes: 64_000_000 },
  application: {
    ...stateApplication([]),
    questions: { has: (view, key) => view.get(key as Uint8Array) !== undefined },
  },
}))

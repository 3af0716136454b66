/** The other side of `open-application.ts`: what a module does that is the thread of an application. */
import { hostedMethods, packedMethods, type StateApplication, stateMethods } from '../../chain/index.ts'
import { answerCalls, openSqliteStore } from '../../io/index.ts'
import type { StateFile } from './open-state.ts'

export interface ThreadWork {
  readonly file: StateFile
  readonly application: StateApplication
}

/** `open` gets what the thread was given; what it throws ends the thread before it was ready. */
export function answerApplication(open: (data: unknown) => ThreadWork): void {
  answerCalls((data, log) => {
    const { file, application } = open(data)
    const store = openSqliteStore({ ...file, log, now: () => Date.now() })
    return {
      ...stateMethods(store),
      ...packedMethods(hostedMethods(store, application)),
      close: () => void store.close(),
    }
  })
}

/** What has been handed to the stores, and when it is on disk: the machine hears of tokens in their order. */
import type { Store } from '../../base/index.ts'

export interface WritingHooks {
  /** All up to this token is on disk. */
  readonly onPersisted: (token: number) => void
  /** A store did not take what had been handed to it. */
  readonly onFailure: (failure: Error) => void
}

export class Writing {
  readonly #hooks: WritingHooks
  /** What is not on disk yet, in the order of tokens. */
  #unwritten: { readonly token: number; isWritten: boolean }[] = []
  /** Another one after each stop: what was begun before does not go on. */
  #life = {}

  constructor(hooks: WritingHooks) {
    this.#hooks = hooks
  }

  /** Two files may be written in another order than they were handed out. */
  persisted(store: Store, token: number): void {
    const one = { token, isWritten: false }
    this.#unwritten.push(one)
    this.after(store, () => {
      one.isWritten = true
      const stillOpen = this.#unwritten.findIndex(({ isWritten }) => !isWritten)
      const done = this.#unwritten.splice(0, stillOpen === -1 ? this.#unwritten.length : stillOpen).at(-1)
      if (done !== undefined) this.#hooks.onPersisted(done.token)
    })
  }

  /** Goes on once what was just handed to the store is on disk. */
  after(store: Store, next: () => void): void {
    const life = this.#life
    store.written((failure) => {
      if (this.#life !== life) return
      if (failure === undefined) next()
      else this.#hooks.onFailure(failure)
    })
  }

  /** Nothing of what was begun goes on. */
  stop(): void {
    this.#life = {}
    this.#unwritten = []
  }
}

/** A disk that forgets what was not synced when the power fails, and may take its time to sync. */
import { compareBytes, concatBytes, latin1, piecesOf, type Store, type StoreWrite } from '../../../src/base/index.ts'

type Entry = readonly [key: Uint8Array, value: Uint8Array]

interface Written {
  readonly writes: readonly StoreWrite[]
  readonly done: (() => void)[]
}

export interface SimDiskOptions {
  /** Called before and after each write: the power may fail there. */
  readonly touch: (after: boolean) => void
  /** Says durable and does not sync. */
  readonly lies?: boolean
  /** Calls back when the disk has synced what is there now; without it that is at once. */
  readonly later?: ((synced: () => void) => void) | undefined
}

export class SimDisk {
  readonly #synced = new Map<string, Entry>()
  /** Written and not synced, the oldest first. */
  #written: Written[] = []
  /** Both together: what a reader sees. */
  #entries = new Map<string, Entry>()
  lostWrites = 0

  open({ touch, lies = false, later }: SimDiskOptions): Store {
    return {
      get: (key) => this.#entries.get(latin1(key))?.[1],
      batch: (writes: readonly StoreWrite[], { durable }) => {
        touch(false)
        const written: Written = { writes, done: [] }
        this.#written.push(written)
        carryOut(this.#entries, writes)
        if (durable && later !== undefined) later(() => this.#sync(written, !lies))
        else if (durable && !lies) this.#sync(written, true)
        touch(true)
      },
      written: (done) => {
        const last = this.#written.at(-1)
        if (last === undefined || later === undefined) done()
        else last.done.push(done)
      },
      range: (from, to) =>
        [...this.#entries.values()]
          .filter((entry) => compareBytes(from, entry[0]) <= 0 && (to === undefined || compareBytes(entry[0], to) < 0))
          .sort((a, b) => compareBytes(a[0], b[0])),
      close: () => {},
    }
  }

  powerFails(): void {
    this.lostWrites += this.#written.length
    this.#written = []
    this.#entries = new Map(this.#synced)
  }

  /** And all that was written before. */
  #sync(written: Written, isTrue: boolean): void {
    const count = this.#written.indexOf(written) + 1
    const done = this.#written.slice(0, count).flatMap((one) => one.done.splice(0))
    if (isTrue) for (const { writes } of this.#written.splice(0, count)) carryOut(this.#synced, writes)
    for (const one of done) one()
  }
}

function carryOut(entries: Map<string, Entry>, writes: readonly StoreWrite[]): void {
  for (const write of writes) {
    if (write.kind === 'put') entries.set(latin1(write.key), [write.key, concatBytes(...piecesOf(write.value))])
    else entries.delete(latin1(write.key))
  }
}

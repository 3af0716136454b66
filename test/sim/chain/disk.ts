/** A disk that forgets what was not synced when the power fails. */
import { compareBytes, latin1, type Store, type StoreWrite } from '../../../src/base/index.ts'

type Entry = readonly [key: Uint8Array, value: Uint8Array]

export class SimDisk {
  readonly #synced = new Map<string, Entry>()
  /** Written and not synced; undefined: deleted. */
  readonly #written = new Map<string, Entry | undefined>()
  lostWrites = 0

  /** `lies`: says durable and does not sync. `touch` is called before and after each write: the power may fail there. */
  open(touch: (after: boolean) => void, lies = false): Store {
    const entries = () => {
      const all = new Map<string, Entry | undefined>([...this.#synced, ...this.#written])
      return [...all.values()].filter((entry): entry is Entry => entry !== undefined)
    }
    return {
      get: (key) => {
        const name = latin1(key)
        return (this.#written.has(name) ? this.#written.get(name) : this.#synced.get(name))?.[1]
      },
      batch: (writes: readonly StoreWrite[], { durable }) => {
        touch(false)
        for (const write of writes)
          this.#written.set(latin1(write.key), write.kind === 'put' ? [write.key, write.value] : undefined)
        if (durable && !lies) this.#sync()
        touch(true)
      },
      range: (from, to) =>
        entries()
          .filter((entry) => compareBytes(from, entry[0]) <= 0 && (to === undefined || compareBytes(entry[0], to) < 0))
          .sort((a, b) => compareBytes(a[0], b[0])),
      close: () => {},
    }
  }

  powerFails(): void {
    this.lostWrites += this.#written.size
    this.#written.clear()
  }

  #sync(): void {
    for (const [name, entry] of this.#written)
      if (entry === undefined) this.#synced.delete(name)
      else this.#synced.set(name, entry)
    this.#written.clear()
  }
}

/** What is to happen, minute by minute: a heap. */
export interface Planned {
  readonly minute: number
  /** Of two at one minute the one that was planned first is done first. */
  readonly number: number
  readonly act: () => void
}

export class Agenda {
  readonly #heap: Planned[] = []
  #number = 0

  at(minute: number, act: () => void): void {
    this.#heap.push({ minute: Math.floor(minute), number: this.#number++, act })
    let at = this.#heap.length - 1
    while (at > 0) {
      const above = (at - 1) >> 1
      if (!isBefore(this.#heap[at]!, this.#heap[above]!)) break
      this.#swap(at, above)
      at = above
    }
  }

  get next(): number | undefined {
    return this.#heap[0]?.minute
  }

  take(): Planned {
    const [first] = this.#heap
    const last = this.#heap.pop()!
    if (this.#heap.length > 0) {
      this.#heap[0] = last
      for (let at = 0; ; ) {
        const [left, right] = [2 * at + 1, 2 * at + 2]
        let least = at
        if (left < this.#heap.length && isBefore(this.#heap[left]!, this.#heap[least]!)) least = left
        if (right < this.#heap.length && isBefore(this.#heap[right]!, this.#heap[least]!)) least = right
        if (least === at) break
        this.#swap(at, least)
        at = least
      }
    }
    return first!
  }

  #swap(a: number, b: number): void {
    const one = this.#heap[a]!
    this.#heap[a] = this.#heap[b]!
    this.#heap[b] = one
  }
}

function isBefore(a: Planned, b: Planned): boolean {
  return a.minute < b.minute || (a.minute === b.minute && a.number < b.number)
}

/** Times of many answers in few numbers: a histogram whose buckets grow, each by the same part. Pure. */

/** Upper bound of the first bucket, ms; by what each next one is larger; how many: up to 30 s. */
const FIRST_MS = 0.05
const GROWTH = 1.3
const BUCKETS = 51

export class Times {
  readonly #counts = new Float64Array(BUCKETS)
  #total = 0

  get total(): number {
    return this.#total
  }

  add(ms: number, times = 1): void {
    this.#counts[bucketOf(ms)]! += times
    this.#total += times
  }

  addAll(other: Times): void {
    for (let i = 0; i < BUCKETS; i++) this.#counts[i]! += other.#counts[i]!
    this.#total += other.#total
  }

  clear(): void {
    this.#counts.fill(0)
    this.#total = 0
  }

  /** The time that this part of the answers (0 to 1) took at most, at most 30 % too much; 0 where there was none. */
  quantile(part: number): number {
    if (this.#total === 0) return 0
    let left = part * this.#total
    for (let i = 0; i < BUCKETS; i++) {
      left -= this.#counts[i]!
      if (left <= 0) return FIRST_MS * GROWTH ** i
    }
    return FIRST_MS * GROWTH ** (BUCKETS - 1)
  }
}

function bucketOf(ms: number): number {
  if (ms <= FIRST_MS) return 0
  return Math.min(BUCKETS - 1, Math.ceil(Math.log(ms / FIRST_MS) / Math.log(GROWTH) - 1e-9))
}

/**
 * Kademlia (Maymounkov and Mazieres 2002) at rest, up to a million nodes: full buckets of k random members of each
 * subtree, worked out from the seed when they are looked at, so that nothing but the ids is kept. Every node answers with
 * the k closest to the key that it knows; the asker has alpha requests in flight, in rounds.
 */
export interface KademliaOptions {
  /** Bucket size, and how many nodes hold a value. */
  readonly k: number
  readonly alpha: number
}

export interface KademliaOutcome {
  /** Rounds until one of the k closest nodes answered; 0 when the asker is one. */
  readonly rounds: number
  /** Rounds until the closest of all answered. Undefined: it never did. */
  readonly roundsToClosest: number | undefined
  /** Requests sent until the first answer. */
  readonly messages: number
  /** Requests sent until the k closest had all been asked: what a put, or a get that wants a majority, costs. */
  readonly messagesToEnd: number
  /** Requests that nobody answered, until the first answer. */
  readonly timeouts: number
  readonly found: boolean
}

export class KademliaModel {
  /** Sorted, distinct 32-bit ids. */
  readonly ids: Uint32Array
  /** 1: silent, and nobody has noticed yet. */
  readonly dead: Uint8Array
  readonly #seed: number

  constructor(size: number, seed: number, chance: () => number) {
    this.ids = distinctIds(size, chance)
    this.dead = new Uint8Array(size)
    this.#seed = seed
  }

  lookup(from: number, key: number, { k, alpha }: KademliaOptions): KademliaOutcome {
    const holders = new Set(this.closest(key, k))
    const nearest = this.closest(key, 1)[0]
    let rounds = 0
    let messages = 0
    let timeouts = 0
    let first: Pick<KademliaOutcome, 'rounds' | 'messages' | 'timeouts'> | undefined
    let roundsToClosest: number | undefined
    const look = (at: number) => {
      if (holders.has(at)) first ??= { rounds, messages, timeouts }
      if (at === nearest) roundsToClosest ??= rounds
    }
    look(from)
    const seen = new Set([from])
    const asked = new Set([from])
    let list = this.#sorted(this.#known(from, key, k), key)
    for (const at of list) seen.add(at)
    for (;;) {
      const next = list.slice(0, k).filter((at) => !asked.has(at))
      if (next.length === 0) break
      rounds += 1
      const batch = next.slice(0, alpha)
      messages += batch.length
      const heard: number[] = []
      for (const at of batch) {
        asked.add(at)
        if (this.dead[at] === 1) {
          timeouts += 1
          list = list.filter((other) => other !== at)
          continue
        }
        look(at)
        for (const other of this.#known(at, key, k)) {
          if (seen.has(other)) continue
          seen.add(other)
          heard.push(other)
        }
      }
      if (heard.length > 0) list = this.#sorted([...list, ...heard], key)
    }
    const end = { roundsToClosest, messagesToEnd: messages, found: first !== undefined }
    return { ...(first ?? { rounds, messages, timeouts }), ...end }
  }

  /** The same with each request under way for as long as `roundTrip` says; ends with the first answer of a holder. */
  timedLookup(
    from: number,
    key: number,
    { k, alpha }: KademliaOptions,
    roundTrip: (at: number) => number,
  ): { readonly ms: number; readonly requests: number } {
    const holders = new Set(this.closest(key, k))
    const seen = new Set([from])
    const asked = new Set([from])
    let list = this.#sorted(this.#known(from, key, k), key)
    for (const at of list) seen.add(at)
    const open: { readonly at: number; readonly due: number }[] = []
    let requests = 0
    let now = 0
    for (;;) {
      for (const at of list
        .slice(0, k)
        .filter((one) => !asked.has(one))
        .slice(0, alpha - open.length)) {
        asked.add(at)
        requests += 1
        open.push({ at, due: now + roundTrip(at) })
      }
      open.sort((a, b) => a.due - b.due)
      const next = open.shift()
      if (next === undefined) throw new Error('the look-up ended without an answer')
      now = next.due
      if (holders.has(next.at)) return { ms: now, requests }
      const heard = this.#known(next.at, key, k).filter((other) => !seen.has(other))
      for (const other of heard) seen.add(other)
      list = this.#sorted([...list, ...heard], key)
    }
  }

  /** Places of the `count` live nodes that are closest to the key by XOR. */
  closest(key: number, count: number): number[] {
    for (let bits = 32; ; bits--) {
      const [start, end] = this.#subtree(key, bits)
      const live: number[] = []
      for (let at = start; at < end; at++) if (this.dead[at] === 0) live.push(at)
      if (live.length >= count || bits === 0) return this.#sorted(live, key).slice(0, count)
    }
  }

  /** The k nodes closest to the key in the buckets of one node. */
  #known(at: number, key: number, k: number): number[] {
    const self = this.ids[at]!
    const shared = sharedBits(self, key)
    const out = this.#bucket(at, shared, k)
    // All of these are nearer to the key than any other bucket; next come those around the node itself, then the far ones.
    if (out.length < k && shared < 32) {
      const [start, end] = this.#subtree(self, shared + 1)
      if (end - start <= k + 1) for (let i = start; i < end; i++) if (i !== at) out.push(i)
      if (end - start > k + 1) for (let bits = shared + 1; bits < 32; bits++) out.push(...this.#bucket(at, bits, k))
    }
    for (let bits = shared - 1; bits >= 0 && out.length < k; bits--) out.push(...this.#bucket(at, bits, k))
    return out.length <= k ? out : this.#sorted(out, key).slice(0, k)
  }

  /** Up to k members of the subtree that shares exactly `bits` leading bits with the node: the same whenever it is asked. */
  #bucket(at: number, bits: number, k: number): number[] {
    if (bits >= 32) return []
    const sibling = (this.ids[at]! ^ (0x80000000 >>> bits)) >>> 0
    const [start, end] = this.#subtree(sibling, bits + 1)
    const size = end - start
    if (size <= k) return Array.from({ length: size }, (_, i) => start + i)
    // Floyd's sampling without replacement.
    const chosen = new Set<number>()
    let state = mix(this.#seed ^ mix(at * 33 + bits))
    for (let i = size - k; i < size; i++) {
      state = mix(state + 0x9e3779b9)
      const pick = start + (state % (i + 1))
      chosen.add(chosen.has(pick) ? start + i : pick)
    }
    return [...chosen]
  }

  /** Places [start, end) of those that share the first `bits` bits with the id. */
  #subtree(id: number, bits: number): readonly [start: number, end: number] {
    if (bits === 0) return [0, this.ids.length]
    const span = 2 ** (32 - bits)
    const low = Math.floor(id / span) * span
    return [this.#lowerBound(low), this.#lowerBound(low + span)]
  }

  #lowerBound(id: number): number {
    let low = 0
    let high = this.ids.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.ids[middle]! < id) low = middle + 1
      else high = middle
    }
    return low
  }

  #sorted(places: readonly number[], key: number): number[] {
    const { ids } = this
    return [...places].sort((a, b) => ((ids[a]! ^ key) >>> 0) - ((ids[b]! ^ key) >>> 0))
  }
}

function sharedBits(a: number, b: number): number {
  return Math.clz32(a ^ b)
}

/** The 32-bit finaliser of MurmurHash3. */
function mix(value: number): number {
  let h = value >>> 0
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}

function distinctIds(size: number, chance: () => number): Uint32Array {
  const draw = () => Math.floor(chance() * 2 ** 32)
  const ids = Uint32Array.from({ length: size }, draw).sort()
  for (;;) {
    let twins = 0
    for (let i = 1; i < size; i++) {
      if (ids[i] !== ids[i - 1]) continue
      ids[i - 1] = draw()
      twins += 1
    }
    if (twins === 0) return ids
    ids.sort()
  }
}

/** In which order the replicas of a question are asked: one first, the others when it is late or not enough. Pure. */

/** One replica, as the asker sees it before it asks. */
export interface ReplicaView<T> {
  readonly replica: T
  /** Its digest names the question. */
  readonly named: boolean
  /** It is believed dead, or talks nonsense. */
  readonly doubtful: boolean
  /** Undefined: its round trip is not known. */
  readonly distance: number | undefined
}

export interface Turns<T> {
  /** At once. */
  readonly first: readonly T[]
  /** One by one when those before it are late; all at once when one of them has spoken, and it was not enough. */
  readonly next: readonly T[]
  /** When all others were not enough. */
  readonly last: readonly T[]
}

/**
 * Where a digest names the question, the nearest of those that it names is asked first. Those whose round trips are not known are
 * asked beside it, so that the nearest is found, once. Where no digest names it, a majority of live votes may be needed: all are asked.
 */
export function turnsOf<T>(candidates: readonly ReplicaView<T>[]): Turns<T> {
  const prompt = candidates.filter(({ doubtful }) => !doubtful).sort(byDistance)
  const last = replicasOf(candidates.filter(({ doubtful }) => doubtful))
  const named = prompt.filter((one) => one.named)
  if (named.length === 0) return { first: replicasOf(prompt), next: [], last }
  const measured = named.filter(({ distance }) => distance !== undefined)
  const unmeasured = named.filter(({ distance }) => distance === undefined)
  const first = [...measured.slice(0, 1), ...unmeasured]
  const next = [...measured.slice(1), ...prompt.filter((one) => !one.named)]
  return { first: replicasOf(first), next: replicasOf(next), last }
}

/**
 * Where digests are not known ahead, and none names the question: one of the replicas, whichever `pick` says, and the others when it is
 * late or not enough. In a large ring most of those who ask have never asked for a name of this chunk.
 */
export function turnsWithoutDigests<T>(
  candidates: readonly ReplicaView<T>[],
  pick: (below: number) => number,
): Turns<T> {
  const prompt = candidates.filter(({ doubtful }) => !doubtful)
  const last = replicasOf(candidates.filter(({ doubtful }) => doubtful))
  if (prompt.length === 0) return { first: [], next: [], last }
  const [first] = prompt.splice(pick(prompt.length), 1)
  return { first: [first!.replica], next: replicasOf(prompt.sort(byDistance)), last }
}

/** A copy is asked before all replicas. */
export function copyFirst<T>(copy: T | undefined, turns: Turns<T>): Turns<T> {
  if (copy === undefined) return turns
  return { first: [copy], next: [...turns.first, ...turns.next], last: turns.last }
}

function byDistance(a: ReplicaView<unknown>, b: ReplicaView<unknown>): number {
  return (a.distance ?? Number.MAX_VALUE) - (b.distance ?? Number.MAX_VALUE)
}

function replicasOf<T>(candidates: readonly ReplicaView<T>[]): T[] {
  return candidates.map(({ replica }) => replica)
}

/** What a run of the fuzzer does, and finds. */

export type Kind = 'replies' | 'queries'

export interface Finding {
  readonly kind: Kind
  /** `--seed SEED --from EPOCH --count 1` repeats it. */
  readonly seed: number
  readonly epoch: number
  readonly what: string
  readonly detail: string
}

/** What one epoch did: it depends on nothing but the seed and its number. */
export interface EpochReport {
  readonly mutations: number
  readonly questions: number
  /** Mutated messages that were not passed over: taken for a reply, or answered. */
  readonly taken: number
  readonly controls: number
  readonly findings: readonly Finding[]
  /** Most CPU time that one batch of messages took, ms: how long others waited on a machine of its own. */
  readonly worstMs: number
}

/** One kind of fuzzing. An epoch begins with everything new. */
export interface Fuzzer {
  /** About so many mutated messages in an epoch. */
  readonly epochSize: number
  run(seed: number, epoch: number, count: number): Promise<EpochReport>
  close(): Promise<void>
}

/** CPU time of this process: a stall is what it computes, not what else the machine does. */
export function cpuMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

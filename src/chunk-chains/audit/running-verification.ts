/** A verification in a running node: slices between which questions are answered. */
import type { Cancel, Clock } from '../../base/index.ts'
import { limits } from '../limits.ts'
import { type VerifyDeps, type VerifyReport, verifyChains } from './verify.ts'

export interface Verification {
  /** Begins one unless one is under way; how far it is, or what the last one found when it is done. Call it until it is. */
  run(): VerifyReport
  stop(): void
}

export function createVerification(clock: Clock, parts: VerifyDeps): Verification {
  let work: Generator<VerifyReport, VerifyReport> | undefined
  let report: VerifyReport | undefined
  let timer: Cancel | undefined

  function slice(): void {
    timer = undefined
    for (let i = 0; i < limits.VERIFY_SLICE && work !== undefined; i++) {
      const next = work.next()
      report = next.value
      if (next.done === true) work = undefined
    }
    if (work !== undefined) timer = clock.after(0, slice)
  }

  return {
    run() {
      if (report === undefined) {
        work = verifyChains(parts)
        slice()
      }
      const told = report!
      // What is done was told: the next call begins anew.
      if (told.state === 'done') report = undefined
      return told
    },
    stop() {
      timer?.()
      work = undefined
    },
  }
}

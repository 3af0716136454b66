/** Worlds on several threads at once; their outcomes come in the order of the seeds, so that a report does not depend on how many. */
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { WorldOutcome } from './suite.ts'

export interface Workers {
  /** Of each seed, in order. */
  outcomes(from: number, to: number): AsyncIterable<WorldOutcome>
  end(): Promise<void>
}

/** Which kind of worlds. */
export interface WorkerSubject {
  readonly name: string
  /** Validators at the start, where the kind lets them be chosen. */
  readonly sizes: readonly number[] | undefined
}

/** Seeds that wait at each thread. */
const AHEAD = 3

export function startWorkers(subject: WorkerSubject, count: number): Workers {
  const idle: Worker[] = []
  const waiting: ((worker: Worker) => void)[] = []
  const all = Array.from({ length: count }, () => {
    const worker = new Worker(join(import.meta.dirname, 'worker.ts'), { workerData: subject })
    idle.push(worker)
    return worker
  })

  function release(worker: Worker): void {
    const next = waiting.shift()
    if (next === undefined) idle.push(worker)
    else next(worker)
  }

  async function outcomeOf(seed: number): Promise<WorldOutcome> {
    const worker = idle.shift() ?? (await new Promise<Worker>((resolve) => waiting.push(resolve)))
    return new Promise((resolve, reject) => {
      worker.once('error', reject)
      worker.once('message', (outcome: WorldOutcome) => {
        worker.off('error', reject)
        release(worker)
        resolve(outcome)
      })
      worker.postMessage(seed)
    })
  }

  return {
    async *outcomes(from, to) {
      const begun: Promise<WorldOutcome>[] = []
      let next = from
      for (let seed = from; seed <= to; seed++) {
        while (next <= to && begun.length < AHEAD * count) {
          const outcome = outcomeOf(next++)
          // It is awaited in its turn.
          outcome.catch(() => {})
          begun.push(outcome)
        }
        yield await begun.shift()!
      }
    },
    async end() {
      await Promise.all(all.map((worker) => worker.terminate()))
    },
  }
}

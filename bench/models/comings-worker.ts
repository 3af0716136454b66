/** A thread of the churn benchmark: one part of it per message. */
import { parentPort } from 'node:worker_threads'
import { afterFailures, type How, underChurn } from './comings.ts'

export type ChurnTask =
  | { readonly how: How; readonly shares: readonly number[] }
  | { readonly how: How; readonly rate: number }

parentPort?.on('message', (task: ChurnTask) => {
  parentPort?.postMessage('shares' in task ? afterFailures(task.how, task.shares) : underChurn(task.how, task.rate))
})

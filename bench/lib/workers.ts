/** Runs tasks that only compute on a few threads; results come back in the order of the tasks. */
import { Worker } from 'node:worker_threads'

/**
 * `worker` is a module that answers each message, a task, with one message, its result. A worker that throws fails the
 * whole; the others are ended then.
 */
export async function inWorkers<Task, Result>(
  worker: URL,
  tasks: readonly Task[],
  threads: number,
  onResult: (result: Result) => void,
): Promise<Result[]> {
  const results = new Array<Result>(tasks.length)
  let next = 0
  const workers = Array.from({ length: Math.min(threads, tasks.length) }, () => new Worker(worker))
  const serve = (thread: Worker) =>
    new Promise<void>((resolve, reject) => {
      let at = -1
      const advance = () => {
        at = next++
        if (at < tasks.length) thread.postMessage(tasks[at])
        else resolve()
      }
      thread.on('error', reject)
      thread.on('message', (result: Result) => {
        results[at] = result
        onResult(result)
        advance()
      })
      advance()
    })
  try {
    await Promise.all(workers.map(serve))
  } finally {
    await Promise.all(workers.map((thread) => thread.terminate()))
  }
  return results
}

/** Runs worlds of one kind on a thread of its own: a seed comes in, its outcome goes out. */
import { parentPort, workerData } from 'node:worker_threads'
import type { Subject, WorldOutcome } from './suite.ts'
import type { WorkerSubject } from './workers.ts'

const given = workerData as WorkerSubject

/** Only what it runs is loaded: the sources of all kinds take a second. */
const SUBJECTS: Readonly<Record<string, () => Promise<(seed: number) => Promise<WorldOutcome>>>> = {
  ring: async () => runner((await import('./ring/suite.ts')).ringWorlds),
  light: async () => runner((await import('./light/suite.ts')).lightWorlds),
  ledger: async () => runner((await import('./ledger/suite.ts')).ledgerWorlds(given.sizes)),
  nodes: async () => runner((await import('./nodes/suite.ts')).nodeWorlds),
}

function runner<Plan extends { readonly seed: number }>({ makePlan, runWorld }: Subject<Plan>) {
  return (seed: number) => runWorld(makePlan(seed))
}

const run = await SUBJECTS[given.name]!()
parentPort!.on('message', (seed: number) => {
  // What a world throws that is none of its checks is a mistake of the simulator, and ends the thread.
  void run(seed).then((outcome) => parentPort!.postMessage(outcome))
})

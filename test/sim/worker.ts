/** Runs worlds of one kind on a thread of its own: a seed comes in, its outcome goes out. */
import { parentPort, workerData } from 'node:worker_threads'
import { ledgerWorlds } from './ledger/suite.ts'
import { lightWorlds } from './light/suite.ts'
import { nodeWorlds } from './nodes/suite.ts'
import { ringWorlds } from './ring/suite.ts'
import type { Subject, WorldOutcome } from './suite.ts'
import type { WorkerSubject } from './workers.ts'

const given = workerData as WorkerSubject

const SUBJECTS: Readonly<Record<string, (seed: number) => Promise<WorldOutcome>>> = {
  ring: runner(ringWorlds),
  light: runner(lightWorlds),
  ledger: runner(ledgerWorlds(given.sizes)),
  nodes: runner(nodeWorlds),
}

function runner<Plan extends { readonly seed: number }>({ makePlan, runWorld }: Subject<Plan>) {
  return (seed: number) => runWorld(makePlan(seed))
}

const run = SUBJECTS[given.name]!
parentPort!.on('message', (seed: number) => {
  // What a world throws that is none of its checks is a mistake of the simulator, and ends the thread.
  void run(seed).then((outcome) => parentPort!.postMessage(outcome))
})

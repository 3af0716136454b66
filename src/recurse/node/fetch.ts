/** One question, not validated: what the cache knows, or else a walk, which equal questions share. */
import { aborted, isChordnsError } from '../../base/index.ts'
import { Ede, type Name, nameToText, type Question, typeToText } from '../../dns/index.ts'
import type { Finding } from '../../evidence/index.ts'
import { failed, isFailure, isOurs, ours, type RecurseFailed, tooBusy } from '../job/failure.ts'
import type { Flight, FlightTable } from '../job/flights.ts'
import type { RecurseRequest } from '../job/types.ts'
import { serverFinder } from '../walk/addresses.ts'
import type { WalkEngine } from '../walk/engine.ts'
import { iterate } from '../walk/iterate.ts'
import type { Primer } from '../walk/prime.ts'
import { rememberFailure } from './failures.ts'
import { addressTask, type FetchTask, jobOf, keyOf } from './fetch-task.ts'
import { fromCache, fromDname } from './known.ts'

/** Rejects with RECURSE_FAILED, BUDGET_SPENT or ABORTED. */
export type Fetch = (task: FetchTask) => Promise<Finding>

export function createFetch(engine: WalkEngine, primer: Primer, flights: FlightTable<Finding>): Fetch {
  const finder = serverFinder(engine, async (job, name, type) => {
    const learning = engine.deps.anchors?.learn?.(name, job.flight.signal)
    if (learning !== undefined && !(await learning)) throw notOfTheDns(name)
    return fetch(addressTask(engine, job, name, type))
  })

  const walk = async (task: FetchTask, flight: Flight): Promise<Finding> => {
    const job = jobOf(task, flight)
    const isFurtherCopy = job.avoid !== undefined
    try {
      return await iterate(engine, primer, finder, job)
    } catch (error) {
      if (!isFailure(error)) throw error
      if (job.isShort || isOurs(error)) throw ours(error)
      if (!job.limited && !isFurtherCopy) rememberFailure(engine, job, error)
      throw error
    }
  }

  async function fetch(task: FetchTask): Promise<Finding> {
    const { request, parent } = task
    if (request.signal.aborted) throw aborted(request.signal)
    const known = fromCache(engine, task) ?? fromDname(engine, task) ?? task.infer?.()
    if (known !== undefined) return known
    const key = keyOf(task)
    for (;;) {
      const state = flights.state(key, parent)
      if (state === 'circle') throw waitsForItself(request.question)
      if (state === 'new' && !flights.makeRoom(engine.limits.IN_FLIGHT, OVERCROWDED)) throw OVERCROWDED()
      if (state === 'running') engine.counters.merged++
      try {
        const wait = (signal: AbortSignal) =>
          flights.join(key, { signal, onStep: request.onStep, parent }, (flight) => walk(task, flight))
        return await (state === 'new' ? wait(request.signal) : withinBudget(engine, request, wait))
      } catch (error) {
        // The asker that began this work has spent its budget. This one has time left: it tries again.
        if (state !== 'running' || !isChordnsError(error, 'BUDGET_SPENT')) throw error
        request.budget.checkTime()
      }
    }
  }

  return fetch
}

/** Work that was begun by another asker runs on that asker's budget. This asker waits only as long as its own budget lasts. Throws BUDGET_SPENT. */
async function withinBudget<T>(
  engine: WalkEngine,
  { budget, signal }: RecurseRequest,
  wait: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const patience = new AbortController()
  const cancel = engine.deps.clock.after(budget.timeLeft(), () => patience.abort())
  try {
    return await wait(AbortSignal.any([signal, patience.signal]))
  } catch (error) {
    if (patience.signal.aborted && !signal.aborted) budget.checkTime()
    throw error
  } finally {
    cancel()
  }
}

function waitsForItself({ name, type }: Question): RecurseFailed {
  const text = `${nameToText(name)} ${typeToText(type)} waits for itself`
  return failed('loop', text, [{ code: Ede.NO_REACHABLE_AUTHORITY, text }])
}

function notOfTheDns(name: Name): RecurseFailed {
  const text = `the server ${nameToText(name)} is not on the ledger of its TLD`
  return failed('no-servers', text, [{ code: Ede.NO_REACHABLE_AUTHORITY, text }])
}

const OVERCROWDED = () => tooBusy('too many questions in work')

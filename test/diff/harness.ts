/** One whole run: an Internet, its servers, four resolvers, the questions, the comparison. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { errorText } from '../../src/base/index.ts'
import { available, Namespace } from '../interop/namespace.ts'
import { ADDRESSES, RESOLVERS } from './addresses.ts'
import { Asker, resolverReady, serversReady } from './ask.ts'
import { type Compared, compare, type Replies } from './compare.ts'
import { Programs } from './programs.ts'
import { makeQuestions } from './questions.ts'
import type { Run } from './report.ts'
import { startResolvers } from './resolvers.ts'
import { startServers } from './servers.ts'
import { buildInternet, type Internet } from './sign.ts'
import type { Question } from './types.ts'
import { internet } from './zones.ts'

export const PROGRAMS = [
  'nsd',
  'knotd',
  'keymgr',
  'named',
  'unbound',
  'kresd',
  'ldns-signzone',
  'dnssec-signzone',
  'dnssec-keygen',
] as const

export const canRun = (): boolean => available(...PROGRAMS)

export interface RunOptions {
  readonly questions: number
  readonly seed: number
  readonly only?: RegExp
  readonly progress: (line: string) => void
  /** Called when all is done or has failed, before everything is taken down. */
  readonly linger?: (where: { readonly namespace: string; readonly dir: string }, run?: Run) => Promise<void>
}

/** Questions in work at each resolver. */
const PARALLEL = 40
/** Failures are remembered for some seconds (RFC 9520): a second look waits for them to be forgotten. */
const PAUSE_MS = 6_000
/** Most runs need one. The later ones ask one question at a time: on a machine that is busy otherwise nothing else waits then. */
const SECOND_LOOKS = 4

export async function runDifferential(options: RunOptions): Promise<Run> {
  const started = Date.now()
  const dir = mkdtempSync(join(tmpdir(), 'chordns-diff-'))
  const namespace = new Namespace('diff')
  const programs = new Programs(namespace, dir)
  let asker: Asker | undefined
  const say = (line: string) => options.progress(`${((Date.now() - started) / 1000).toFixed(1)} s: ${line}`)
  try {
    const plans = internet()
    say(`signing ${plans.length} zones`)
    const built = await buildInternet(dir, plans)
    addAddresses(namespace, built)
    say('starting servers')
    startServers(programs, built)
    asker = new Asker(namespace.name)
    await serversReady(asker, programs, built)
    const { validates } = await startResolvers(programs, dir, built.anchor)
    for (const address of Object.values(RESOLVERS)) await resolverReady(asker, programs, address)
    const questions = makeQuestions(built.zones, { ...options, count: options.questions })
    say(`asking ${questions.length} questions of four resolvers`)
    const first = await askAll(asker, programs, questions, say)
    const { settled, passing } = await lookAgain(asker, programs, first, say)
    const run: Run = {
      seed: options.seed,
      questions: questions.length,
      zones: plans.length,
      validates,
      seconds: Math.round((Date.now() - started) / 1000),
      first,
      settled,
      passing,
    }
    await options.linger?.({ namespace: namespace.name, dir }, run)
    return run
  } catch (error) {
    say(errorText(error))
    await options.linger?.({ namespace: namespace.name, dir })
    throw error
  } finally {
    await asker?.close()
    await programs.close()
    rmSync(dir, { recursive: true, force: true })
  }
}

function addAddresses(namespace: Namespace, { zones }: Internet): void {
  // BIND listens on addresses that an interface carries, 127.0.0.1/8 or not.
  const resolvers = [RESOLVERS.unbound, RESOLVERS.bind, RESOLVERS.knot]
  const all = new Set([
    ...resolvers,
    ...Object.values(ADDRESSES).flat(),
    ...zones.flatMap(({ addresses }) => addresses),
  ])
  for (const address of all) namespace.addAddress(address)
}

async function askAll(
  asker: Asker,
  programs: Programs,
  questions: readonly Question[],
  say: (line: string) => void,
): Promise<Compared[]> {
  const step = Math.max(1, Math.floor(questions.length / 10))
  let done = 0
  return inParallel(questions, PARALLEL, async (question) => {
    programs.checkAlive()
    const compared = compare(question, await askFour(asker, question))
    done++
    if (done % step === 0) say(`${done} of ${questions.length} asked`)
    return compared
  })
}

async function askFour(asker: Asker, question: Question): Promise<Replies> {
  const [chordns, unbound, bind, knot] = await Promise.all([
    asker.ask(RESOLVERS.chordns, question),
    asker.ask(RESOLVERS.unbound, question),
    asker.ask(RESOLVERS.bind, question),
    asker.ask(RESOLVERS.knot, question),
  ])
  return { chordns, unbound, bind, knot }
}

/** Load, lost packets and remembered failures pass; a difference in how resolvers work stays. */
async function lookAgain(
  asker: Asker,
  programs: Programs,
  first: readonly Compared[],
  say: (line: string) => void,
): Promise<{ settled: Compared[]; passing: Compared[] }> {
  const settled = first.filter(({ verdict }) => verdict === 'explained')
  const passing: Compared[] = []
  let open = first.filter(({ verdict }) => verdict === 'different')
  for (let look = 0; look < SECOND_LOOKS && open.length > 0; look++) {
    say(`${open.length} differ, asking them again`)
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
    const again = await inParallel(open, look === 0 ? 8 : 1, async (before) => {
      programs.checkAlive()
      const after = compare(before.question, await askFour(asker, before.question))
      return { before, after }
    })
    for (const { before, after } of again)
      if (after.verdict !== 'different') {
        passing.push(before)
        settled.push(after)
      }
    open = again.flatMap(({ after }) => (after.verdict === 'different' ? [after] : []))
  }
  return { settled: [...settled, ...open], passing }
}

async function inParallel<T, R>(items: readonly T[], width: number, work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = []
  let next = 0
  const worker = async () => {
    for (let index = next++; index < items.length; index = next++) results[index] = await work(items[index]!)
  }
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, worker))
  return results
}

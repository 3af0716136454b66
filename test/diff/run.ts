/** `npm run test:diff`: asks Unbound, BIND, Knot Resolver and chordns the same questions, and lists where two agree and we differ. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { Command, InvalidArgumentError } from 'commander'
import { canRun, PROGRAMS, runDifferential } from './harness.ts'
import { detailsOf, jsonOf, type Run, tableOf, unexplained } from './report.ts'

interface Options {
  readonly questions: number
  readonly seed: number
  readonly only?: RegExp
  readonly json?: string
  readonly keep?: boolean
}

const whole = (text: string): number => {
  const number = Number(text)
  if (!Number.isInteger(number) || number < 1) throw new InvalidArgumentError('must be a whole number above 0')
  return number
}

const pattern = (text: string): RegExp => {
  try {
    return new RegExp(text, 'i')
  } catch (error) {
    throw new InvalidArgumentError(String(error))
  }
}

const options = new Command('test:diff')
  .description(
    'compare answers with Unbound, BIND and Knot Resolver in a network namespace with a signed Internet of its own',
  )
  .option('-n, --questions <count>', 'how many questions', whole, 500)
  .option('-s, --seed <seed>', 'the same seed gives the same questions', whole, 1)
  .option('-o, --only <pattern>', 'only questions whose "name TYPE" matches this regular expression', pattern)
  .option('-j, --json <file>', 'write the result to this file')
  .option('-k, --keep', 'afterwards keep the namespace and its servers until Ctrl-C')
  .parse()
  .opts<Options>()

if (!canRun()) {
  process.stderr.write(`test:diff needs root, ip, and these programs: ${PROGRAMS.join(', ')}\n`)
  process.exit(2)
}

const run = await runDifferential({
  questions: options.questions,
  seed: options.seed,
  ...(options.only && { only: options.only }),
  progress: (line) => process.stderr.write(`${line}\n`),
  ...(options.keep && { linger }),
})
if (!options.keep) report(run)
process.exitCode = unexplained(run).length > 0 ? 1 : 0

function report(run: Run): void {
  const details = detailsOf(run)
  if (details !== '')
    process.stdout.write(
      `Two references agree and chordns differs, or chordns fails and one answers:\n\n${details}\n\n`,
    )
  process.stdout.write(`${tableOf(run)}\n`)
  if (options.json === undefined) return
  mkdirSync(dirname(options.json), { recursive: true })
  writeFileSync(options.json, `${JSON.stringify(jsonOf(run), null, 1)}\n`)
}

/** `run` is missing when it failed: then there is all the more to look at. */
async function linger(where: { readonly namespace: string; readonly dir: string }, run?: Run): Promise<void> {
  if (run !== undefined) report(run)
  process.stderr.write(
    `kept: ip netns exec ${where.namespace} dig @127.0.0.1 www.plain.com (127.0.0.2 Unbound, 127.0.0.3 BIND, 127.0.0.4 Knot Resolver)\nfiles: ${where.dir}; Ctrl-C ends it\n`,
  )
  await new Promise((resolve) => process.once('SIGINT', resolve))
}

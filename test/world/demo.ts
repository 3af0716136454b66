/** `npm run demo`: the embedded world and peers in separate processes; a ring that shares, or with `--ledger` names that nobody can take away. */
import { Command } from 'commander'
import { type LedgerDemoReport, runLedgerDemo } from './ledger-demo.ts'
import { RING_PEERS, runRingDemo } from './ring-demo.ts'

interface Flags {
  readonly ledger?: boolean
  readonly json?: boolean
}

const program = new Command('demo')
  .description(
    `start an embedded Internet and ${RING_PEERS} peers in front of it, and explain a look-up that a peer answers from the ring; Ctrl-C ends all`,
  )
  .option(
    '--ledger',
    'a Root chain and a TLD chain of four validators; a domain registered, signed, resolved and attacked; ends by itself',
  )
  .option('--json', 'with --ledger: print one JSON object with every step, and the progress to stderr')
  .addHelpText(
    'after',
    `
Everything is on loopback addresses, and nothing is left behind. With --ledger the exit code says whether all went as told: 0 or 1.

Examples:
  npm run demo
  npm run demo -- --ledger
  npm run --silent demo -- --ledger --json`,
  )
  .parse()
const { ledger, json } = program.opts<Flags>()
if (json && !ledger) program.error('--json goes with --ledger: the other demo runs until Ctrl-C', { exitCode: 2 })

if (ledger) {
  const report = await runLedgerDemo((text) => (json ? process.stderr : process.stdout).write(`${text}\n`))
  process.stdout.write(json ? `${JSON.stringify(report, undefined, 2)}\n` : `${summary(report)}\n`)
  process.exit(report.ok ? 0 : 1)
} else await runRingDemo((text) => process.stdout.write(`${text}\n`))

function summary({ ok, steps, seconds }: LedgerDemoReport): string {
  const held = steps.filter((step) => step.ok).length
  return ok
    ? `\nAll ${held} steps went as told, in ${seconds} s.`
    : `\n${held} steps went as told, then one did not (${seconds} s).`
}

/** `chordns setup`: this machine as the resolver of its LAN, in one command that can be taken back. */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Command } from 'commander'
import { ChordnsError } from '../../base/index.ts'
import { loadConfigFrom } from '../common/config-option.ts'
import { print, printJson } from '../common/table.ts'
import { applyFiles, type Places, type Restored, undoFiles } from '../setup/apply.ts'
import { type LookUp, lookUp } from '../setup/check.ts'
import { readFacts } from '../setup/facts.ts'
import { configFile, run } from '../setup/machine.ts'
import { planSetup, type SetupPlan } from '../setup/plan.ts'
import { addSetupRing } from './setup-ring.ts'

const LOOK_UP_MS = 5_000

export function addSetupCommand(program: Command): void {
  const setup = program
    .command('setup')
    .description(
      'make this machine the resolver of its LAN: writes the configuration, then, once the node answers, makes this machine ask it, too',
    )
    .option('-c, --config <file>', 'configuration file (default: the one that is there, else ./resolver.config.json)')
    .option('--interface <name>', 'the interface of the LAN (default: the one of the default route)')
    .option('--name <name>', 'what is looked up to see that it works', 'example.com')
    .option('--dry-run', 'show what would be written, and write nothing')
    .option('--undo', 'restore what was there before')
    .option('--force', 'with --undo: also what somebody has changed since')
    .option('--keep-config', 'with --undo: but leave the configuration as it is')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
Examples:
  chordns setup --dry-run           what it would do
  sudo chordns setup                writes the configuration; start the node, and run it again
  sudo chordns setup --undo         all as it was
  sudo chordns setup ring           two boxes as one: see its --help

It never takes a resolver away from this machine before another one answers.`,
    )
    .action(async (flags: SetupFlags) => {
      if (flags.undo) undo(flags)
      else await setUp(flags)
    })
  addSetupRing(setup)
}

interface SetupFlags {
  readonly config?: string
  readonly interface?: string
  readonly name: string
  readonly dryRun?: boolean
  readonly undo?: boolean
  readonly force?: boolean
  readonly keepConfig?: boolean
  readonly json?: boolean
}

async function setUp(flags: SetupFlags): Promise<void> {
  const file = configFile(flags)
  const before = existsSync(file) ? knownConfig(file) : undefined
  const plan = planSetup(readFacts(before), { configFile: file, interface: flags.interface })
  const [local = '127.0.0.1'] = plan.addresses
  if (flags.dryRun) {
    if (flags.json) printJson({ dryRun: true, ...plan })
    else print(planText(plan))
    return
  }
  const places = placesFor(file)
  const isConfigured = before !== undefined && readFileSync(file, 'utf8') === plan.config.text
  if (!isConfigured) applyFiles([plan.config], places)
  // The address of the LAN shows that the node runs with this configuration, and not with an earlier one.
  const answer = await lookUp(local, flags.name, LOOK_UP_MS)
  const isAnswering = answer.error === undefined || SPOKE.has(answer.error)
  if (isAnswering) {
    applyFiles(plan.own, places)
    plan.commands.forEach(run)
  }
  if (flags.json) printJson({ ...plan, answer, isAnswering, record: places.record })
  else print(doneText(plan, { answer, isAnswering, file, isConfigured }))
}

/** The server answered, whatever it said: the name may not exist, or the Internet may be away. */
const SPOKE: ReadonlySet<string> = new Set(['ENOTFOUND', 'ENODATA', 'ESERVFAIL'])

function undo(flags: SetupFlags): void {
  const file = configFile(flags)
  const places = placesFor(file)
  if (flags.dryRun)
    throw new ChordnsError('USAGE', `--undo restores what ${places.record} names; it has no --dry-run`, {})
  const done = undoFiles(places, { force: flags.force ?? false, except: flags.keepConfig ? [file] : [] })
  if (done.restored.some((path) => path.includes('/systemd/'))) run(['systemctl', 'restart', 'systemd-resolved'])
  if (flags.json) printJson(done)
  else print(undoneText(done))
}

function placesFor(file: string): Places {
  return { record: join(dirname(file), 'setup.undo.json') }
}

function knownConfig(file: string): Record<string, unknown> {
  // Its texts name line and column of what is wrong.
  loadConfigFrom({ config: file })
  return JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>
}

function planText(plan: SetupPlan): string {
  const files = [plan.config, ...plan.own].map(
    ({ path, text, why }) => `${path}: ${why}\n${text.replace(/^(?=.)/gm, '    ').trimEnd()}`,
  )
  const commands = plan.commands.map((command) => `then runs: ${command.join(' ')}`)
  return [
    `interface ${plan.interface}, ${plan.addresses.join(', ')}`,
    ...files,
    ...commands,
    ...plan.warnings,
    'nothing was written',
  ].join('\n\n')
}

interface Outcome {
  readonly answer: LookUp
  readonly isAnswering: boolean
  readonly file: string
  readonly isConfigured: boolean
}

function doneText({ addresses, warnings }: SetupPlan, { answer, isAnswering, file, isConfigured }: Outcome): string {
  const wrote = isConfigured ? `${file} is as it should be` : `wrote ${file}`
  if (!isAnswering)
    return [
      wrote,
      `no node answers on ${answer.server} yet. Start it (systemctl restart chordns, or chordns start --config ${file}), then run`,
      '  chordns setup',
      'once more: it makes this machine ask the node, and says what to enter in the router. Nothing else was changed.',
    ].join('\n')
  const said =
    answer.addresses === undefined
      ? `it answers, but ${answer.name} was not resolved (${answer.error}): chordns lookup ${answer.name} --explain says why`
      : `${answer.name} is ${answer.addresses.join(', ')}, in ${answer.ms} ms`
  return [
    wrote,
    said,
    'this machine asks the node now.',
    `In the router, enter as DNS server (DHCP, "local DNS"): ${addresses.join(' and ')}, and no other one: devices ask any of those they have.`,
    ...warnings,
    'chordns setup --undo restores what was here.',
  ].join('\n')
}

function undoneText({ restored, left }: Restored): string {
  return [
    restored.length === 0 ? 'nothing was restored' : `restored ${restored.join(', ')}`,
    ...(left.length === 0
      ? []
      : [`left alone, since somebody has changed them: ${left.join(', ')} (--force restores them, too)`]),
    'restart the node, if it runs, for its old configuration.',
  ].join('\n')
}

/** `chordns queries`: the last questions, as far as the level of privacy allows. */
import { writeFile } from 'node:fs/promises'
import type { Command } from 'commander'
import { ChordnsError } from '../../base/index.ts'
import { PRIVACY_LEVELS, type QueriesView, type QueryRow, queriesView } from '../../observe/index.ts'
import { type NodeFlags, nodeOf, nodeOption } from '../common/node-option.ts'
import { askNode, tellNode } from '../common/status-client.ts'
import { print, printJson, table } from '../common/table.ts'

interface QueriesFlags extends NodeFlags {
  readonly search?: string
  readonly client?: string
  readonly outcome?: string
  readonly most: string
  readonly export?: string
  readonly privacy?: string
  readonly minutes: string
  readonly clear?: boolean
  readonly json?: boolean
}

export function addQueriesCommand(program: Command): void {
  nodeOption(program.command('queries'))
    .description('show the last questions that the running node was asked, as far as queries.privacy allows')
    .option('--search <text>', 'only names with this in them')
    .option('--client <client>', 'only of this client')
    .option('--outcome <word>', 'only with this outcome: secure, agreed, solo, blocked, failed ...')
    .option('--most <n>', 'rows at most', '50')
    .option('--export <file>', 'write all that fit to a file: .csv, else JSON')
    .option('--privacy <level>', `for a while keep other things: ${PRIVACY_LEVELS.join(', ')}`)
    .option('--minutes <n>', 'how long that holds; 0: the configured level again', '30')
    .option('--clear', 'forget all that is kept')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  chordns queries --privacy names --minutes 10\n  chordns queries --search example\n  chordns queries --outcome failed --export failed.csv',
    )
    .action(async (flags: QueriesFlags) => {
      const view = await changed(flags)
      if (flags.export !== undefined) await save(flags.export, view.rows)
      else if (flags.json) printJson(view)
      else print(render(view))
    })
}

async function changed(flags: QueriesFlags): Promise<QueriesView> {
  const node = nodeOf(flags)
  const { search = '', client = '', outcome = '', export: file } = flags
  const query = { search, client, outcome, most: file === undefined ? flags.most : '100000' }
  if (flags.privacy !== undefined)
    return tellNode(node, '/queries/privacy', { ...query, level: flags.privacy, minutes: flags.minutes }, queriesView)
  if (flags.clear) return tellNode(node, '/queries/clear', query, queriesView)
  return askNode(node, '/queries', query, queriesView)
}

function render({ privacy, until, rows, size, hours }: QueriesView): string {
  const level = `${privacy}${until === null ? '' : ` until ${new Date(until).toISOString().slice(11, 16)} UTC`}`
  if (privacy === 'off')
    return 'Only counts are kept (queries.privacy is "off"): `chordns queries --privacy names` keeps names for half an hour.'
  const lines = rows.map(({ at, name, type, client, device, outcome, rcode, ms, reason }) => [
    new Date(at).toISOString().slice(11, 19),
    name,
    type,
    device === '' ? client || '-' : device,
    outcome,
    rcode === '' ? 'no reply' : rcode,
    `${ms} ms`,
    reason,
  ])
  return `${table([['time', 'name', 'type', 'client', 'outcome', 'rcode', 'took', ''], ...lines])}\n${size} kept in memory for at most ${hours} h; privacy: ${level}`
}

async function save(file: string, rows: readonly QueryRow[]): Promise<void> {
  const text = file.endsWith('.csv') ? csv(rows) : `${JSON.stringify(rows, null, 1)}\n`
  try {
    // Names that people looked up are nobody else's business.
    await writeFile(file, text, { mode: 0o600, flag: 'wx' })
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cause
    throw new ChordnsError('FILE_EXISTS', `${file} is there already`, { file }, { cause })
  }
  process.stderr.write(`${rows.length} questions written to ${file}\n`)
}

/** RFC 4180. */
export function csv(rows: readonly QueryRow[]): string {
  const columns = ['at', 'name', 'type', 'client', 'device', 'protocol', 'rcode', 'outcome', 'reason', 'ms'] as const
  // A text that begins so would be a formula for the program that opens the file.
  const cell = (value: string | number) =>
    `"${String(value)
      .replaceAll('"', '""')
      .replace(/^[=+@\t-]/, "'$&")}"`
  const lines = rows.map((row) =>
    columns.map((name) => cell(name === 'at' ? new Date(row.at).toISOString() : row[name])),
  )
  return `${[columns.join(','), ...lines.map((line) => line.join(','))].join('\r\n')}\r\n`
}

/** `chordns record` and `chordns settings`: what the boxes of a household have in common, edited on any of them. */
import type { Command } from 'commander'
import { type ChangesView, changesView, type RecordsView, recordsView, settingsView } from '../../observe/index.ts'
import { examples, usage, wholeNumber } from '../common/command.ts'
import { type NodeFlags, nodeOf, nodeOption } from '../common/node-option.ts'
import { askNode, tellNode } from '../common/status-client.ts'
import { bold, print, printJson, table } from '../common/table.ts'

type Flags = NodeFlags & { readonly json?: boolean }

export function addHomeCommands(program: Command): void {
  addRecordCommands(program)
  addSettingsCommands(program)
}

function addRecordCommands(program: Command): void {
  const record = program
    .command('record')
    .description('local records of the household: each of its boxes answers them at once')
  const command = (name: string) => nodeOption(record.command(name)).option('--json', 'print JSON')
  examples(
    command('add')
      .description('add a record, such as a name for an address')
      .argument('<name>', 'domain name; *.name for all names below it')
      .argument('<data...>', 'an address, or a type and its data as in a zone file')
      .option('--ttl <seconds>', 'how long others may remember it', '300')
      .action(async (name: string, data: readonly string[], flags: Flags & { readonly ttl: string }) => {
        const ttl = wholeNumber('--ttl', flags.ttl, 0, 86_400)
        const body = JSON.stringify({ name, ...typeAndData(data), ttl })
        const view = await tellNode(nodeOf(flags), '/records/add', {}, changesView, body)
        if (flags.json) printJson(view)
        else print(view.changes.length === 0 ? 'it was there already' : toldChanges(view))
      }),
    [
      'chordns record add nas.home.arpa 192.168.1.5',
      'chordns record add nas.home.arpa fd00::5',
      'chordns record add www.home.arpa CNAME nas.home.arpa',
      'chordns record add "*.apps.home.arpa" 192.168.1.5',
      `chordns record add home.arpa TXT '"hello"'`,
    ],
    'A record stands before what the world says of the name. Private addresses lead back to the name as well (PTR).',
  )
  examples(
    command('remove')
      .description('remove a record, or all that a name has')
      .argument('<name>', 'domain name')
      .argument('[data...]', 'only this address, or this type, or this type and its data')
      .action(async (name: string, data: readonly string[], flags: Flags) => {
        const body = JSON.stringify({ name, ...typeAndData(data) })
        const view = await tellNode(nodeOf(flags), '/records/remove', {}, changesView, body)
        if (flags.json) printJson(view)
        else print(toldChanges(view))
      }),
    [
      'chordns record remove nas.home.arpa',
      'chordns record remove nas.home.arpa 192.168.1.5',
      'chordns record remove nas.home.arpa TXT',
    ],
  )
  examples(
    command('list')
      .description('show the records, and what of them is not served')
      .action(async (flags: Flags) => {
        const view = await askNode(nodeOf(flags), '/records', {}, recordsView)
        if (flags.json) printJson(view)
        else print(toldRecords(view))
      }),
    ['chordns record list', 'chordns record list --json'],
  )
}

function addSettingsCommands(program: Command): void {
  const settings = program
    .command('settings')
    .description('what the boxes of a household have in common: local records, rules, groups, names of devices')
  const command = (name: string) => nodeOption(settings.command(name)).option('--json', 'print JSON')
  examples(
    command('list')
      .description('show all settings')
      .argument('[prefix]', 'only keys that begin so')
      .action(async (prefix: string | undefined, flags: Flags) => {
        const view = await askNode(nodeOf(flags), '/settings', { prefix: prefix ?? '' }, settingsView)
        if (flags.json) printJson(view)
        else if (view.settings.length === 0) print('there are none')
        else print(table(view.settings.map(({ key, value }) => [key, value])))
      }),
    ['chordns settings list', 'chordns settings list device/'],
  )
  examples(
    command('history')
      .description('show who changed what, the newest first')
      .option('--most <n>', 'how many changes', '20')
      .action(async (flags: Flags & { readonly most: string }) => {
        const most = String(wholeNumber('--most', flags.most, 1, 500))
        const node = nodeOf(flags)
        const view = await askNode(node, '/settings/history', { most }, changesView)
        if (flags.json) printJson(view)
        else print(toldHistory(view, await boxNames(node)))
      }),
    ['chordns settings history', 'chordns settings history --most 100 --json'],
  )
  examples(
    command('undo')
      .description('give a setting what it had before a change; without an id, before the newest one')
      .argument('[id]', 'of a change, as `chordns settings history` shows it')
      .action(async (id: string | undefined, flags: Flags) => {
        const view = await tellNode(nodeOf(flags), '/settings/undo', id === undefined ? {} : { id }, changesView)
        if (flags.json) printJson(view)
        else print(toldChanges(view))
      }),
    ['chordns settings undo', 'chordns settings undo 1f3a5b7c9d0e'],
    'What was undone is a change like any other: undo it to have it back.',
  )
}

/** `192.168.1.5`, or `A 192.168.1.5`, or `TXT "two words"`, or a type alone. */
function typeAndData(words: readonly string[]): { readonly type?: string; readonly data?: string } {
  const [first, ...rest] = words
  if (first === undefined) return {}
  if (rest.length > 0) return { type: first.toUpperCase(), data: rest.join(' ') }
  if (/^[0-9.]+$|:/.test(first)) return { data: first, type: first.includes(':') ? 'AAAA' : 'A' }
  if (!/^[A-Za-z][A-Za-z0-9]*$/.test(first)) throw usage(`${first} is neither an address nor a type with its data`)
  return { type: first.toUpperCase() }
}

function toldChanges({ changes }: ChangesView): string {
  return changes
    .map(
      ({ id, key, value }) =>
        `${value === null ? 'removed' : 'set'} ${key}${value ? ` = ${value}` : ''}  (undo: chordns settings undo ${id})`,
    )
    .join('\n')
}

function toldRecords({ shared, records, problems }: RecordsView): string {
  const rows = records.map(({ name, type, data, ttl }) => [name, String(ttl), type, data])
  return [
    records.length === 0
      ? 'there are no records; `chordns record add nas.home.arpa 192.168.1.5` adds one'
      : table(rows),
    ...problems.map((problem) => `not served: ${problem}`),
    ...(shared ? [] : ['they are of this node alone: its ring is no household (`chordns setup ring` makes it one)']),
  ].join('\n')
}

function toldHistory({ changes }: ChangesView, names: ReadonlyMap<string, string>): string {
  if (changes.length === 0) return 'nothing was changed yet'
  const rows = changes.map(({ id, key, value, before, by, at, isCurrent }) => [
    id,
    new Date(at).toISOString().slice(0, 19),
    names.get(by) ?? `...${by.slice(-8)}`,
    isCurrent ? '' : 'changed since',
    `${key}: ${before ?? '-'} -> ${value ?? '-'}`,
  ])
  return table([['change', 'when', 'box', '', bold('what')], ...rows])
}

/** What the boxes of a household are called, by their peer ids. */
async function boxNames(node: ReturnType<typeof nodeOf>): Promise<ReadonlyMap<string, string>> {
  const { settings } = await askNode(node, '/settings', { prefix: 'box/' }, settingsView)
  return new Map(settings.map(({ key, value }) => [key.slice('box/'.length), value]))
}

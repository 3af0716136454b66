/** `chordns lists|groups`: what is blocked by lists, for whom, and what the boxes of a household share of it. */
import { type Command, Option } from 'commander'
import { ChordnsError } from '../../base/index.ts'
import { type ChangesView, changesView, type FilterView, filterView } from '../../observe/index.ts'
import { collect, examples, wholeNumber } from '../common/command.ts'
import { type NodeFlags, nodeOf, nodeOption } from '../common/node-option.ts'
import { askNode, tellNode } from '../common/status-client.ts'
import { print, printJson, table } from '../common/table.ts'
import { limits } from '../limits.ts'

interface Flags extends NodeFlags {
  readonly json?: boolean
}

interface ListFlags extends Flags {
  readonly kind?: string
  readonly format?: string
  readonly everyHours?: string
  readonly maxMegabytes?: string
  readonly rewrites?: boolean
  readonly group?: readonly string[]
}

interface ScheduleFlags extends Flags {
  readonly lists?: string
  readonly remove?: boolean
}

export function addListCommands(program: Command): void {
  const lists = nodeOption(program.command('lists'))
    .description('show the blocklists of the running node, with their numbers of rules and when they came')
    .option('--update', 'fetch them now')
    .option('--json', 'print JSON')
    .action(async (flags: Flags & { readonly update?: boolean }) => {
      const node = nodeOf(flags)
      const view = flags.update
        ? await tellNode(node, '/filter/update', {}, filterView, undefined, limits.LISTS_TIMEOUT_MS)
        : await askNode(node, '/filter', {}, filterView)
      if (flags.json) printJson(view)
      else print(renderedLists(view))
      if (flags.update && view.lists.some(({ trouble }) => trouble !== null))
        throw new ChordnsError('LIST_FETCH', 'not all lists could be fetched; those of before stay in force', {})
    })
  addListEdits(lists)
  addGroups(program)
}

function addListEdits(lists: Command): void {
  examples(
    nodeOption(lists.command('add'))
      .description('add a list, or change it, on all boxes of the household: each fetches it by itself')
      .argument('<name>', 'what to call it; clients are told it with what is blocked')
      .argument('<url>', 'where it is')
      .addOption(new Option('--kind <kind>', 'what its names are for').choices(['block', 'allow']))
      .option('--format <format>', 'auto, hosts, domains, wildcard, adblock or rpz')
      .option('--every-hours <n>', 'how often it is fetched (24)')
      .option('--max-megabytes <n>', 'a longer text is refused (32)')
      .option('--rewrites', 'its rules may give other addresses: whoever writes it can send your machines anywhere')
      .option('--group <name>', 'for this group alone; may be given several times', collect)
      .option('--json', 'print JSON')
      .action(async (name: string, source: string, _: Flags, command: Command) => {
        const flags = command.optsWithGlobals<ListFlags>()
        const { kind, format, everyHours, maxMegabytes, rewrites, group } = flags
        await edit(flags, '/filter/lists/add', {
          name,
          source,
          ...(kind !== undefined && { kind }),
          ...(format !== undefined && { format }),
          ...(everyHours !== undefined && { everyHours: wholeNumber('--every-hours', everyHours, 1, 8_760) }),
          ...(maxMegabytes !== undefined && { maxMegabytes: wholeNumber('--max-megabytes', maxMegabytes, 1, 64) }),
          ...(rewrites && { rewrites }),
          ...(group !== undefined && { groups: group }),
        })
      }),
    [
      'chordns lists add ads https://lists.example.org/hosts.txt',
      'chordns lists add social https://lists.example.org/social.txt --group kids',
    ],
    'A list of that name in the configuration of a box stands before it there.',
  )
  examples(
    nodeOption(lists.command('remove'))
      .description('take a list from all boxes of the household')
      .argument('<name>', 'of the list')
      .option('--json', 'print JSON')
      .action(async (name: string, _: Flags, command: Command) =>
        edit(command.optsWithGlobals<Flags>(), '/filter/lists/remove', { name }),
      ),
    ['chordns lists remove ads'],
  )
  const oneWord = (word: string, description: string, act: (name: string, flags: Flags) => Promise<void>) =>
    nodeOption(lists.command(word))
      .description(description)
      .argument('<name>', 'of the list')
      .option('--json', 'print JSON')
      .action((name: string, _: Flags, command: Command) => act(name, command.optsWithGlobals<Flags>()))
  oneWord('pause', 'let a list rest on all boxes of the household: it is neither fetched nor in force', (name, flags) =>
    edit(flags, '/filter/lists/pause', { name }),
  )
  oneWord('resume', 'let a list that rests go on, on all boxes', (name, flags) =>
    edit(flags, '/filter/lists/resume', { name }),
  )
  oneWord('refresh', 'fetch one list now, on this box', async (name, flags) => {
    const node = nodeOf(flags)
    const view = await tellNode(node, '/filter/update', { name }, filterView, undefined, limits.LISTS_TIMEOUT_MS)
    const list = view.lists.find((one) => one.name === name)
    if (flags.json) printJson(list)
    else if (list !== undefined) print(renderedLists({ ...view, lists: [list], passedOver: [] }))
    if (list?.trouble) throw new ChordnsError('LIST_FETCH', `${list.trouble}; what was there before stays in force`, {})
  })
}

function addGroups(program: Command): void {
  const groups = nodeOption(program.command('groups'))
    .description('show the groups of clients that are treated apart, and those that are shared')
    .option('--json', 'print JSON')
    .action(async (flags: Flags) => {
      const view = await askNode(nodeOf(flags), '/filter', {}, filterView)
      if (flags.json) printJson(view.groups)
      else print(renderedGroups(view))
    })
  examples(
    nodeOption(groups.command('add'))
      .description('make a group, or add clients to it, on all boxes of the household')
      .argument('<name>', 'of the group; "default" is for whoever is in no other')
      .argument('[clients...]', 'addresses, prefixes, MAC addresses, names of devices')
      .option(
        '--mode <mode>',
        'what is told of a blocked name: null, nxdomain, nodata or refused; "default": as for all',
      )
      .option('--lists <names>', 'only these lists hold for it, with commas between')
      .option('--all-lists', 'all lists hold for it again')
      .option('--json', 'print JSON')
      .action(async (name: string, clients: readonly string[], _: Flags, command: Command) => {
        const flags = command.optsWithGlobals<
          Flags & { readonly mode?: string; readonly lists?: string; readonly allLists?: boolean }
        >()
        const { mode, lists, allLists } = flags
        await edit(flags, '/filter/groups/add', {
          name,
          clients,
          ...(mode !== undefined && { mode: mode === 'default' ? null : mode }),
          ...(lists !== undefined && { lists: namesOf(lists) }),
          ...(allLists && { lists: null }),
        })
      }),
    ['chordns groups add kids 192.168.1.32/28 02:00:00:00:00:01 Tablet', 'chordns groups add kids --mode nxdomain'],
    'A client is in one group: it leaves another one of the household.',
  )
  examples(
    nodeOption(groups.command('remove'))
      .description('take clients out of a group, or, without any, the group from all boxes')
      .argument('<name>', 'of the group')
      .argument('[clients...]', 'as `chordns groups` shows them')
      .option('--json', 'print JSON')
      .action(async (name: string, clients: readonly string[], _: Flags, command: Command) =>
        edit(command.optsWithGlobals<Flags>(), '/filter/groups/remove', { name, clients }),
      ),
    ['chordns groups remove kids Tablet', 'chordns groups remove kids'],
  )
  examples(
    nodeOption(groups.command('schedule'))
      .description('block more for a group in a part of the week')
      .argument('<name>', 'of the group')
      .argument('<when>', 'days and times, such as "sun-thu 21:00-07:00" or "daily 12:00-13:00"')
      .option('--lists <names>', 'lists that hold then, with commas between; without: only allowed names are resolved')
      .option('--remove', 'take the schedule back')
      .option('--json', 'print JSON')
      .action(async (name: string, when: string, _: Flags, command: Command) => {
        const flags = command.optsWithGlobals<ScheduleFlags>()
        const lists = flags.lists === undefined ? 'everything' : namesOf(flags.lists)
        await edit(flags, '/filter/groups/schedule', { name, when, ...(!flags.remove && { lists }) })
      }),
    ['chordns groups schedule kids "sun-thu 21:00-07:00"', 'chordns groups schedule kids "daily 21:00-07:00" --remove'],
    'Times are by the clock of each box.',
  )
}

function namesOf(text: string): readonly string[] {
  return text.split(',').map((name) => name.trim())
}

async function edit(flags: Flags, path: string, body: object): Promise<void> {
  const view = await tellNode(nodeOf(flags), path, {}, changesView, JSON.stringify(body))
  if (flags.json) printJson(view)
  else print(toldChanges(view))
}

function toldChanges({ changes }: ChangesView): string {
  if (changes.length === 0) return 'it was so already'
  return changes
    .map(
      ({ id, key, value }) =>
        `${value === null ? 'removed' : 'set'} ${key}${value ? ` = ${value}` : ''}  (undo: chordns settings undo ${id})`,
    )
    .join('\n')
}

function renderedLists({ lists, pauses, own, bytes, passedOver }: FilterView): string {
  if (lists.length === 0 && own.all.length === 0 && passedOver.length === 0)
    return 'no lists: `chordns lists add NAME URL` adds one for the household, filter.lists in the configuration for this box'
  const rows = lists.map(
    ({ name, kind, entries, skipped, updatedAt, trouble, shared, paused, groups, blockedToday }) => [
      name,
      kind,
      `${entries} rules`,
      skipped > 0 ? `${skipped} lines passed over` : '',
      blockedToday > 0 ? `${blockedToday} blocked today` : '',
      paused
        ? 'paused'
        : updatedAt === null
          ? 'never fetched'
          : new Date(updatedAt).toISOString().slice(0, 16).replace('T', ' '),
      shared ? `shared${groups === null ? '' : `, for ${groups.join(' ')}`}` : '',
      trouble ?? '',
    ],
  )
  const lines = [table(rows, ''), '', `${(bytes / 2 ** 20).toFixed(1)} MiB; times are UTC`]
  if (own.all.length > 0) lines.push(`own rules: ${own.all.join('  ')}`)
  for (const [group, rules] of Object.entries(own.groups))
    if (rules.length > 0) lines.push(`own rules of ${group}: ${rules.join('  ')}`)
  for (const { group, until } of pauses)
    lines.push(`paused until ${new Date(until).toISOString().slice(11, 16)}: ${group ?? 'all groups'}`)
  return [...lines, ...toldPassedOver(passedOver)].join('\n')
}

function renderedGroups({ groups, passedOver }: FilterView): string {
  const rows = groups.map(({ name, clients, lists, shared, mode, schedules }) => [
    name,
    shared ? 'shared' : 'this box',
    lists === null ? 'all lists' : `lists: ${lists.join(' ')}`,
    mode === null ? '' : typeof mode === 'string' ? mode : Object.values(mode).join(' '),
    clients.join(' '),
    schedules.join('; '),
  ])
  const none = 'no groups: all clients are in "default"; `chordns groups add NAME CLIENT` makes one'
  return [rows.length === 0 ? none : table(rows, ''), ...toldPassedOver(passedOver)].join('\n')
}

function toldPassedOver(passedOver: FilterView['passedOver']): readonly string[] {
  return passedOver.map(({ key, why }) => `not in force here: ${key}: ${why}`)
}

/** `chordns why|pause|resume|block|allow`: what the running node blocks, and for how long not. */
import { type Command, Option } from 'commander'
import { filterView, type WhyView, whyView } from '../../observe/index.ts'
import { type NodeFlags, nodeOf, nodeOption } from '../common/node-option.ts'
import { askNode, tellNode } from '../common/status-client.ts'
import { bold, print, printJson, table } from '../common/table.ts'
import { parseArgument } from './lookup.ts'

interface Flags extends NodeFlags {
  readonly json?: boolean
}

interface GroupFlags extends Flags {
  readonly group?: string
}

export function addFilterCommands(program: Command): void {
  addWhy(program)
  addPauses(program)
  addRules(program)
}

function addWhy(program: Command): void {
  nodeOption(program.command('why'))
    .description('say whether a name is blocked, for whom, and which line of which list says so')
    .argument('<name>', 'domain name')
    .argument('[type]', 'record type', 'A')
    .option('--client <address>', 'as if this client asked')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
Examples:
  chordns why ads.example.com
  chordns why ads.example.com AAAA --client 192.168.1.20`,
    )
    .action(async (name: string, type: string, flags: Flags & { readonly client?: string }) => {
      const query = { name: parseArgument(name), type, ...(flags.client !== undefined && { client: flags.client }) }
      const view = await askNode(nodeOf(flags), '/filter/why', query, whyView)
      if (flags.json) printJson(view)
      else print(renderedWhy(name, view))
    })
}

function addPauses(program: Command): void {
  withGroup(nodeOption(program.command('pause')))
    .description('block nothing for some minutes')
    .argument('[minutes]', 'how long', '5')
    .action(async (minutes: string, flags: GroupFlags) => {
      const view = await tellNode(nodeOf(flags), '/filter/pause', { minutes, ...groupOf(flags) }, filterView)
      if (flags.json) printJson(view)
      else
        print(`${flags.group ?? 'all groups'}: nothing is blocked for ${minutes} minutes; \`chordns resume\` ends it`)
    })
  withGroup(nodeOption(program.command('resume')))
    .description('end a pause')
    .action(async (flags: GroupFlags) => {
      const view = await tellNode(nodeOf(flags), '/filter/resume', groupOf(flags), filterView)
      if (flags.json) printJson(view)
      else print(`${flags.group ?? 'all groups'}: lists are in force again`)
    })
}

function addRules(program: Command): void {
  const command = (word: string, path: string, description: string, done: string) =>
    withGroup(nodeOption(program.command(word)))
      .description(description)
      .argument('<name>', 'domain name')
      .action(async (name: string, flags: GroupFlags) => {
        const query = { name: parseArgument(name), ...groupOf(flags) }
        const view = await tellNode(nodeOf(flags), path, query, filterView)
        if (flags.json) printJson(view)
        else print(`${name} and what is below it: ${done}, for ${flags.group ?? 'all groups'}`)
      })
  command('block', '/filter/block', 'block a name and all below it', 'blocked')
  command('allow', '/filter/allow', 'resolve a name and all below it whatever lists say', 'allowed')
  command('unblock', '/filter/forget', 'take back `block` or `allow` of a name', 'lists decide again')
}

function withGroup(command: Command): Command {
  return command.addOption(new Option('--group <name>', 'for this group alone')).option('--json', 'print JSON')
}

function groupOf({ group }: GroupFlags): Record<string, string> {
  return group === undefined ? {} : { group }
}

const VERDICTS = {
  pass: 'no rule of this group speaks of it: it is resolved',
  allowed: 'allowed',
  blocked: 'blocked',
  rewritten: 'answered otherwise',
  paused: 'resolved, as blocking is paused',
} as const

function renderedWhy(name: string, { verdict, group, by, rules }: WhyView): string {
  const reason = by === undefined ? '' : `, by ${by.list}: ${by.text ?? by.matched}`
  const lines = [`${bold(name)}  ${VERDICTS[verdict]}${reason}  (group ${group})`]
  if (rules.length > 0) lines.push('', bold('all rules that speak of it'))
  const rows = rules.map(({ list, line, text, action }) => [
    list,
    line === undefined ? '' : `line ${line}`,
    action,
    text ?? '',
  ])
  if (rows.length > 0) lines.push(table(rows, '  '))
  return lines.join('\n')
}

/** `chordns cache show|flush NAME`: what the cache of the running node has of a name, and how it forgets it. */
import type { Command } from 'commander'
import { type CacheView, cacheView, type FlushView, flushView } from '../../observe/index.ts'
import { type NodeFlags, nodeOf, nodeOption } from '../common/node-option.ts'
import { askNode, tellNode } from '../common/status-client.ts'
import { bold, print, printJson, table } from '../common/table.ts'
import { parseArgument } from './lookup.ts'

interface Flags extends NodeFlags {
  readonly below?: boolean
  readonly json?: boolean
}

export function addCacheCommands(program: Command): void {
  const cache = program.command('cache').description('see and flush what the running node has in its cache')
  const command = (name: string) =>
    nodeOption(cache.command(name))
      .argument('<name>', 'domain name; . for the root')
      .option('--below', 'the names below it, too')
      .option('--json', 'print JSON')
  command('show')
    .description('show what the cache has of a name: entries, delegations, and what failed a moment ago')
    .addHelpText(
      'after',
      `
Examples:
  chordns cache show www.example.com
  chordns cache show example.com --below --json`,
    )
    .action(async (text: string, flags: Flags) => {
      const view = await askNode(nodeOf(flags), '/cache', queryOf(text, flags), cacheView)
      if (flags.json) printJson(view)
      else print(rendered(view))
    })
  command('flush')
    .description('forget a name: entries, delegation, failures, and what its chain of trust was built on')
    .addHelpText(
      'after',
      `
The next question for the name is asked anew. What the ring has agreed on stays where it is: \`chordns chunk NAME\` shows it.

Examples:
  chordns cache flush www.example.com          the name alone
  chordns cache flush example.com --below      a zone that was set right: its keys, servers and all names
  chordns cache flush . --below                everything`,
    )
    .action(async (text: string, flags: Flags) => {
      const view = await tellNode(nodeOf(flags), '/cache/flush', queryOf(text, flags), flushView)
      if (flags.json) printJson(view)
      else print(told(view))
    })
}

function queryOf(text: string, { below }: Flags): Record<string, string> {
  return { name: parseArgument(text), ...(below === true && { below: '1' }) }
}

function told({ name, below, forgotten, links }: FlushView): string {
  const where = below ? `${name} and below` : name
  return `${where}: forgot ${forgotten} entries, delegations and failures, and ${links} links of chains of trust`
}

function rendered({ name, below, entries, delegations, failures, isCut }: CacheView): string {
  const lines: string[] = []
  for (const entry of entries) {
    lines.push(
      `${bold(entry.question)}  ${entry.security}, ${entry.provenance}, ${entry.side}${where(entry)}  ${left(entry.ttl)}`,
    )
    for (const record of entry.records) lines.push(`  ${record}`)
  }
  if (delegations.length > 0) lines.push('', bold('delegations'))
  const signed = (is: boolean) => (is ? 'signed' : 'not signed')
  const zones = delegations.map((one) => [
    one.zone,
    left(one.ttl),
    signed(one.signed),
    `${one.nameServers.join(' ')}${where(one)}`,
  ])
  if (zones.length > 0) lines.push(table(zones, '  '))
  if (failures.length > 0) lines.push('', bold('failed a moment ago'))
  const rows = failures.map((one) => [one.question, left(one.ttl), one.code, `${one.why}${where(one)}`])
  if (rows.length > 0) lines.push(table(rows, '  '))
  if (isCut) lines.push('', 'there is more than is shown here')
  if (lines.length > 0) return lines.join('\n').trimStart()
  return below ? `nothing at ${name} or below` : `nothing of ${name}; --below shows the names below it, too`
}

/** Named only where it is a zone of the operator's. */
function where({ context }: { readonly context: string }): string {
  return context === 'main' ? '' : `, ${context}`
}

function left(seconds: number): string {
  return seconds > 0 ? `${seconds} s left` : `expired ${-seconds} s ago`
}

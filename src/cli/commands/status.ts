/** `chordns status`: what the running node is doing. */
import type { Command } from 'commander'
import { type StatusView, statusView } from '../../observe/index.ts'
import { type NodeFlags, nodeOf, nodeOption } from '../common/node-option.ts'
import { askNode } from '../common/status-client.ts'
import { statusText } from '../common/status-text.ts'
import { bold, print, printJson, table } from '../common/table.ts'

export function addStatusCommand(program: Command): void {
  nodeOption(program.command('status'))
    .description('show what the running node is doing')
    .option('--counters', 'show all that it counts')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  chordns status\n  chordns status --counters\n  chordns status --json --node 127.0.0.1:8054',
    )
    .action(async (flags: NodeFlags & { json?: boolean; counters?: boolean }) => {
      const view = await askNode(nodeOf(flags), '/status', {}, statusView)
      if (flags.json) printJson(view)
      else print(flags.counters ? render(view) : statusText(view))
    })
}

function render(view: StatusView): string {
  const mib = (bytes: number) => `${(bytes / 1048576).toFixed(1)} MiB`
  const rows: string[][] = [
    ['version', `${view.version}, pid ${view.pid}, up ${Math.round(view.uptimeSeconds)} s`],
    ['listens', view.listen.map((one) => `${one.protocol}://${one.address}#${one.port}`).join('  ')],
    ['memory', `${mib(view.memory.rssBytes)} resident, ${mib(view.memory.heapUsedBytes)} heap`],
    [
      'ring',
      view.ring === null
        ? 'off'
        : `${view.ring.joined ? 'joined' : 'joining'}, ${view.ring.members.length} members, n = ${view.ring.n}`,
    ],
    ['peer', view.multiaddrs.join('  ') || '-'],
  ]
  const counters = (name: string, values: Readonly<Record<string, number>> | null) =>
    values === null
      ? ''
      : `\n${bold(name)}\n${table(
          Object.entries(values).map(([key, value]) => [key, String(value)]),
          '  ',
        )}`
  return `${table(rows)}${counters('serve', view.serve)}${counters('cache', view.cache)}${counters('upstream', view.upstream)}${counters('chunks', view.chunks)}${counters('chains', view.chains)}${counters('household', view.household)}${counters('carrier of CDS sets', view.carrier)}${counters('dnstap', view.dnstap ?? null)}`
}

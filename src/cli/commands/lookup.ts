/** `chordns lookup NAME [TYPE]`: asks the running node, and shows the way the answer came. */
import type { Command } from 'commander'
import { ChordnsError } from '../../base/index.ts'
import { parseName, typeFromText } from '../../dns/index.ts'
import { type LookupView, lookupView, type StepView } from '../../observe/index.ts'
import { type NodeFlags, nodeOf, nodeOption } from '../common/node-option.ts'
import { askNode } from '../common/status-client.ts'
import { bold, print, printJson, table } from '../common/table.ts'

interface Flags extends NodeFlags {
  readonly explain?: boolean
  readonly json?: boolean
  readonly cd?: boolean
}

export function addLookupCommand(program: Command): void {
  nodeOption(program.command('lookup'))
    .description('ask the running node a question')
    .argument('<name>', 'domain name')
    .argument('[type]', 'record type: A, AAAA, MX, HTTPS, TYPE65280 ...', 'A')
    .option(
      '--explain',
      'show the path taken: cache, ring with each replica and what it said, iteration with each server',
    )
    .option('--cd', 'checking disabled: answer even what fails validation')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
Examples:
  chordns lookup example.com
  chordns lookup example.com AAAA --explain
  chordns lookup 4.3.2.1.in-addr.arpa PTR --json`,
    )
    .action(async (nameText: string, typeText: string, flags: Flags) => {
      const name = parseArgument(nameText)
      if (typeFromText(typeText) === undefined)
        throw new ChordnsError('USAGE', `unknown record type "${typeText}"; use a name such as AAAA, or TYPE65280`, {})
      const view = await askNode(
        nodeOf(flags),
        '/lookup',
        { name, type: typeText, ...(flags.cd && { cd: '1' }), ...((flags.explain || flags.json) && { explain: '1' }) },
        lookupView,
      )
      if (flags.json) printJson(view)
      else print(render(view, flags.explain ?? false))
      if (view.rcode !== 'NOERROR' && view.rcode !== 'NXDOMAIN')
        throw new ChordnsError('LOOKUP_FAILED', `${view.question}: ${view.rcode}`, { rcode: view.rcode })
    })
}

/** Throws USAGE for what is no domain name. */
export function parseArgument(text: string): string {
  try {
    parseName(text)
    return text
  } catch (cause) {
    throw new ChordnsError(
      'USAGE',
      `not a domain name: "${text}" (${cause instanceof Error ? cause.message : ''})`,
      {},
      { cause },
    )
  }
}

function render(view: LookupView, explain: boolean): string {
  const lines: string[] = []
  lines.push(
    `${bold(view.question)}  ${view.rcode}  ${view.security}${view.provenance === null ? '' : `, ${view.provenance}`}  ${view.elapsedMs.toFixed(1)} ms`,
  )
  for (const record of [...view.answers, ...(view.answers.length === 0 ? view.authorities : [])])
    lines.push(`  ${record}`)
  for (const { code, text } of view.ede) lines.push(`  EDE ${code}: ${text}`)
  if (!explain) return lines.join('\n')
  lines.push('', bold('path'))
  for (const step of view.steps) lines.push(...renderStep(step))
  lines.push('', bold('evidence'))
  for (const finding of view.findings) {
    lines.push(`  ${finding.question}: ${finding.provenance}, ${finding.security}, ${finding.ttl} s left`)
    const rows = finding.observations.map((one) => [
      `observed by ${one.observer}`,
      new Date(one.when).toISOString(),
      `TTL ${one.ttl}`,
      one.saw.join(' '),
    ])
    if (rows.length > 0) lines.push(table(rows, '    '))
    else if (finding.observers.length > 0) lines.push(`    agreed by ${finding.observers.join(', ')}`)
    for (const { network, observers } of finding.networks) lines.push(`    in ${network}: seen by ${observers}`)
  }
  return lines.join('\n')
}

function renderStep(step: StepView): string[] {
  const elapsed = step.elapsedMs === undefined ? '' : `  ${step.elapsedMs.toFixed(1)} ms`
  const where = step.server === undefined ? '' : `  ${step.server}${step.protocol === 'tcp' ? ' tcp' : ''}`
  const zone = step.zone === undefined ? '' : `  zone ${step.zone}`
  const line = `  ${step.kind.padEnd(8)}  ${step.question}${zone}${where}${elapsed}  ${step.text}`
  const rows = (step.replies ?? []).map((reply) => [
    reply.peer,
    `${reply.elapsedMs.toFixed(1)} ms`,
    reply.said,
    reply.detail,
  ])
  return rows.length === 0 ? [line] : [line, table(rows, '              ')]
}

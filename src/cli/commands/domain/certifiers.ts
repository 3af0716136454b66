/** `chordns domain certifiers`: who certifies the keys of a name, what each says, and whose word counts here (M16). */
import type { Command } from 'commander'
import { type CertifiersView, certifiersView } from '../../../observe/index.ts'
import { examples, jsonOption } from '../../common/command.ts'
import { type NodeFlags, nodeOf, nodeOption } from '../../common/node-option.ts'
import { askNode } from '../../common/status-client.ts'
import { print, printJson, table } from '../../common/table.ts'

export function addCertifiersCommand(domain: Command): void {
  examples(jsonOption(nodeOption(domain.command('certifiers'))), ['chordns domain certifiers shop.example'])
    .description(
      'who certifies the keys of a domain, the DNS and the ledger, and whose word counts for the running node',
    )
    .argument('<name>', 'the domain')
    .action(async (name: string, flags: NodeFlags & { readonly json?: boolean }) => {
      const found = await askNode(nodeOf(flags), '/ledgers/certifiers', { name }, certifiersView, 30_000)
      if (flags.json) printJson(found)
      else print(render(found))
    })
}

function render({ name, certifiers, believed }: CertifiersView): string {
  const rows = certifiers.map(({ by, who, says, security, ds, height }) => [
    by,
    who,
    says === 'keys' ? ds.join('; ') : says,
    security ?? '-',
    height === null ? '-' : String(height),
  ])
  const heading = ['by', 'who', 'DS', 'which is', 'height']
  const whose = believed === 'dns' ? 'the DNS' : 'the ledger'
  return `${table([heading, ...rows])}\n${name} is resolved here by the word of ${whose} (ledger.precedence)`
}

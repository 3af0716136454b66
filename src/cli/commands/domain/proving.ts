/** `chordns domain show`, `proof`, `verify`: what the ledger says of a name, and how others check it. */
import { readFile } from 'node:fs/promises'
import type { Command } from 'commander'
import { ChordnsError, fileTrouble } from '../../../base/index.ts'
import { proofFileView } from '../../../observe/index.ts'
import type { DomainSummary } from '../../../peer/index.ts'
import { type ConfigFlags, configOptions, loadConfigFrom } from '../../common/config-option.ts'
import { type NodeFlags, nodeOf, nodeOption } from '../../common/node-option.ts'
import { askNode } from '../../common/status-client.ts'
import { print, printJson, table } from '../../common/table.ts'
import { openSession } from './carrying.ts'

export function addProvingCommands(domain: Command): void {
  nodeOption(domain.command('show'))
    .description('what the ledger says of a domain, proven to the running node')
    .argument('<name>', 'the domain')
    .option('--json', 'print JSON')
    .action(show)
  nodeOption(domain.command('proof'))
    .description('write what the ledger says of a domain to a file that anybody checks offline')
    .argument('<name>', 'the domain')
    .requiredOption('--out <file>', 'where to write it')
    .option('--json', 'print JSON')
    .action(proof)
  configOptions(domain.command('verify'))
    .description('check such a file, with the genesis file of the ledger alone and no node')
    .argument('<file>', 'the proof')
    .option('--genesis <file>', 'the genesis file (default: ledger.genesis of the configuration)')
    .option('--json', 'print JSON')
    .action(verify)
}

async function show(name: string, flags: NodeFlags & { readonly json?: boolean }): Promise<void> {
  const { place, value, height, fresh } = await openSession(name, flags)
  const peer = await import('../../../peer/index.ts')
  const record = peer.domainRecord(value)
  const summary = record === undefined ? null : peer.describeDomain(record)
  if (flags.json) printJson({ chain: place.chain, height, fresh, record: summary })
  else
    print(
      `${name}: ${textOf(summary)}\nat height ${height} of ${place.chain}${fresh ? '' : ', which is not the newest'}`,
    )
}

async function proof(
  name: string,
  flags: NodeFlags & { readonly out: string; readonly json?: boolean },
): Promise<void> {
  const { chain, file } = await askNode(nodeOf(flags), '/ledgers/proof-file', { name }, proofFileView)
  const { writeNewFile } = await import('../../../peer/index.ts')
  await writeNewFile(flags.out, `${file}\n`)
  const bytes = Buffer.from(file, 'base64').length
  if (flags.json) printJson({ chain, file: flags.out, bytes })
  else print(`wrote ${flags.out} (${bytes} bytes of proof); check it with \`chordns domain verify\``)
}

async function verify(
  file: string,
  flags: ConfigFlags & { readonly genesis?: string; readonly json?: boolean },
): Promise<void> {
  const genesis = flags.genesis ?? loadConfigFrom(flags).config.ledger.genesis
  if (genesis === undefined) throw new ChordnsError('USAGE', 'name the genesis file with --genesis', {})
  const { verifyDomainProof } = await import('../../../peer/index.ts')
  const verdict = verifyDomainProof(await textIn(file), await textIn(genesis), Date.now())
  if (flags.json) printJson(verdict)
  if (verdict.kind === 'refused')
    throw new ChordnsError('PROOF_REFUSED', `${file} proves nothing: ${verdict.reason}`, { reason: verdict.reason })
  if (flags.json) return
  for (const { name, record } of verdict.names) print(`${name}: ${textOf(record)}`)
  print(`proven: it was so on ${verdict.chain} at height ${verdict.height}, ${new Date(verdict.time).toISOString()}`)
}

async function textIn(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    throw new ChordnsError('FILE_UNREADABLE', fileTrouble(file, cause), { file }, { cause })
  }
}

function textOf(record: DomainSummary | null): string {
  if (record === null || record.owner === null) return 'not registered'
  const rows = [
    ['owner', record.owner],
    ['generation', String(record.generation)],
    ['registered', record.registered],
    ...record.ds.map((ds) => ['DS', ds]),
    ...record.servers.map((server) => ['server', server]),
    ['keys by CDS', record.updateByCds ? 'on' : 'off'],
  ]
  return `registered\n${table(rows, '  ')}`
}

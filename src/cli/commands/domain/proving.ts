/** `chordns domain show`, `proof`, `verify`: what the ledger says of a name, and how others check it. */
import type { Command } from 'commander'
import { ChordnsError } from '../../../base/index.ts'
import { provenView } from '../../../observe/index.ts'
import type { DomainSummary, HiddenSummary, LifeSummary } from '../../../peer/ledgers.ts'
import { examples, jsonOption, textIn } from '../../common/command.ts'
import { type ConfigFlags, configOptions } from '../../common/config-option.ts'
import { type NodeFlags, nodeOption } from '../../common/node-option.ts'
import { genesisFileOf, writeProof } from '../../common/proof-file.ts'
import { askNode } from '../../common/status-client.ts'
import { print, printJson, table } from '../../common/table.ts'
import { openSession } from './carrying.ts'

export function addProvingCommands(domain: Command): void {
  examples(jsonOption(nodeOption(domain.command('show'))), ['chordns domain show shop.example'])
    .description('what the ledger says of a domain, proven to the running node')
    .argument('<name>', 'the domain')
    .action(show)
  examples(jsonOption(nodeOption(domain.command('proof'))), ['chordns domain proof shop.example --out shop.proof'])
    .description('write what the ledger says of a domain to a file that anybody checks offline')
    .argument('<name>', 'the domain')
    .requiredOption('--out <file>', 'where to write it')
    .action((name: string, flags: NodeFlags & { readonly out: string; readonly json?: boolean }) =>
      writeProof(flags, '/ledgers/proof-file', { name }, 'chordns domain verify'),
    )
  examples(
    jsonOption(configOptions(domain.command('verify'))),
    ['chordns domain verify shop.proof --genesis genesis.json'],
    'The page that `npm run build:verifier` writes checks the same in a browser.',
  )
    .description('check such a file, with the genesis file of the ledger alone and no node')
    .argument('<file>', 'the proof')
    .option('--genesis <file>', 'the genesis file (default: ledger.genesis of the configuration)')
    .action(verify)
}

async function show(name: string, flags: NodeFlags & { readonly json?: boolean }): Promise<void> {
  const { node, place, value, policy, height, fresh } = await openSession(name, flags)
  const peer = await import('../../../peer/ledgers.ts')
  const record = peer.domainRecord(value)
  const summary = record === undefined ? null : peer.describeDomain(record)
  const rules = peer.domainPolicy(policy)
  const life = (record && rules && peer.describeLife(record, rules, Date.now())) ?? null
  const said = await askNode(node, '/ledgers/prove', { chain: place.chain, key: place.hiddenKey }, provenView)
  const hidden = peer.describeHidden(place, said.values[0]?.value ?? null)
  if (flags.json) printJson({ chain: place.chain, height, fresh, record: summary, life, hidden })
  else
    print(
      `${name}: ${textOf(summary)}${life === null ? '' : `\n${lifeText(life)}`}${hiddenText(hidden)}\nat height ${height} of ${place.chain}${fresh ? '' : ', which is not the newest'}`,
    )
}

async function verify(
  file: string,
  flags: ConfigFlags & { readonly genesis?: string; readonly json?: boolean },
): Promise<void> {
  const genesis = genesisFileOf(flags)
  const { refusalText, verifyDomainProof } = await import('../../../peer/ledgers.ts')
  const verdict = await verifyDomainProof(await textIn(file), await textIn(genesis), Date.now())
  if (flags.json) printJson(verdict)
  if (verdict.kind === 'refused')
    throw new ChordnsError('PROOF_REFUSED', `${file} proves nothing: ${refusalText(verdict.reason)}`, {
      reason: verdict.reason,
    })
  if (flags.json) return
  for (const { name, record } of verdict.names) print(`${name}: ${textOf(record)}`)
  print(`proven: it was so on ${verdict.chain} at height ${verdict.height}, ${new Date(verdict.time).toISOString()}`)
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

function hiddenText(hidden: HiddenSummary | null): string {
  if (hidden === null) return ''
  const { reason, text, since, motion } = hidden
  return `\n  hidden by its TLD since ${since}, motion ${motion}: ${reason}${text === '' ? '' : `: ${text}`}`
}

function lifeText({
  phase,
  expires,
  resolvesUntil,
  freeAt,
  locked,
  lockedUntil,
  frozenUntil,
  ...rest
}: LifeSummary): string {
  const { guardians, pending, premium } = rest
  const rows = [
    ['stands at', phase],
    ...(phase === 'free'
      ? []
      : [
          ['expires', expires],
          ['resolves until', resolvesUntil],
          ['comes free', freeAt],
        ]),
    [
      'locked',
      locked ? 'by its owner' : lockedUntil === null ? 'no' : `until ${lockedUntil}, for it has just changed hands`,
    ],
    ...(frozenUntil === null ? [] : [['frozen until', frozenUntil]]),
    ['guardians', guardians === null ? 'none' : `hash ${guardians.slice(0, 16)}`],
    ...(pending === null
      ? []
      : [['under way', `${pending.what} at ${pending.at}${pending.to === null ? '' : ` to ${pending.to}`}`]]),
    ...(premium === 0 ? [] : [['premium now', `${premium} units`]]),
  ]
  return table(rows, '  ')
}

/** `chordns ledger export-proof`, `verify` and `checkpoint`: what others check without trusting this node. */
import type { Command } from 'commander'
import { ChordnsError } from '../../../base/index.ts'
import { checkpointView } from '../../../observe/index.ts'
import { examples, jsonOption, textIn } from '../../common/command.ts'
import { configOptions } from '../../common/config-option.ts'
import { chainOption, type LedgerFlags } from '../../common/ledger-client.ts'
import { nodeOf, nodeOption } from '../../common/node-option.ts'
import { genesisFileOf, writeProof } from '../../common/proof-file.ts'
import { askNode } from '../../common/status-client.ts'
import { print, printJson } from '../../common/table.ts'

type Flags = LedgerFlags & { readonly out: string; readonly genesis?: string }

export function addProvingCommands(ledger: Command): void {
  const exporting = jsonOption(chainOption(nodeOption(ledger.command('export-proof'))))
  examples(exporting, ['chordns ledger export-proof 011916a1...5a --out account.proof'])
    .description('write what the state of a ledger says of a key to a file that anybody checks offline')
    .argument('<key>', 'in hex: the number of the module, and its key (docs/protocol.md)')
    .requiredOption('--out <file>', 'where to write it')
    .action((key: string, flags: Flags) =>
      writeProof(flags, '/ledgers/export', { chain: flags.chain ?? 'root', key }, 'chordns ledger verify'),
    )
  examples(jsonOption(configOptions(ledger.command('verify'))), [
    'chordns ledger verify account.proof --genesis genesis.json',
  ])
    .description('check such a file, or one of `domain proof`, with the genesis file alone and no node')
    .argument('<file>', 'the proof')
    .option('--genesis <file>', 'the genesis file (default: ledger.genesis of the configuration)')
    .action(async (file: string, flags: Flags) => {
      const genesis = genesisFileOf(flags)
      const { verifyLedgerProof } = await import('../../../peer/ledgers.ts')
      const checked = await verifyLedgerProof(await textIn(file), await textIn(genesis), Date.now())
      if (flags.json) return printJson(checked)
      for (const { key, value } of checked.claims) print(`${key}: ${value ?? 'nothing'}`)
      print(
        `proven: it was so on ${checked.chain} at height ${checked.height}, ${new Date(checked.time).toISOString()}`,
      )
    })
  examples(jsonOption(chainOption(nodeOption(ledger.command('checkpoint')))), [
    'chordns ledger checkpoint --chain example',
  ])
    .description('print the newest checkpoint that a quorum of validators has cosigned (a C2SP signed note)')
    .action(async (flags: Flags) => {
      const query = { chain: flags.chain ?? 'root' }
      const found = await askNode(nodeOf(flags), '/ledgers/checkpoint', query, checkpointView)
      if (flags.json) return printJson(found)
      if (found.note === null)
        throw new ChordnsError('LEDGER_UNPROVEN', 'there is no checkpoint yet: one is made every 100 blocks', {
          reason: 'no checkpoint',
        })
      print(found.note.trimEnd())
    })
}

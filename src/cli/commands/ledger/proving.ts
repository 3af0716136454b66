/** `chordns ledger export-proof`, `verify` and `checkpoint`: what others check without trusting this node. */
import { readFile } from 'node:fs/promises'
import type { Command } from 'commander'
import { ChordnsError, fileTrouble } from '../../../base/index.ts'
import { checkpointView, proofFileView } from '../../../observe/index.ts'
import { configOptions, loadConfigFrom } from '../../common/config-option.ts'
import type { LedgerFlags } from '../../common/ledger-client.ts'
import { nodeOf, nodeOption } from '../../common/node-option.ts'
import { askNode } from '../../common/status-client.ts'
import { print, printJson } from '../../common/table.ts'

type Flags = LedgerFlags & { readonly out: string; readonly genesis?: string }

export function addProvingCommands(ledger: Command): void {
  nodeOption(ledger.command('export-proof'))
    .description('write what the state of a ledger says of a key to a file that anybody checks offline')
    .argument('<key>', 'in hex: the number of the module, and its key (docs/protocol.md)')
    .requiredOption('--out <file>', 'where to write it')
    .option('--chain <name>', 'root, or a TLD', 'root')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  chordns ledger export-proof 011916a1...5a --out account.proof')
    .action(async (key: string, flags: Flags) => {
      const query = { chain: flags.chain ?? 'root', key }
      const { chain, file } = await askNode(nodeOf(flags), '/ledgers/export', query, proofFileView)
      const { writeNewFile } = await import('../../../peer/index.ts')
      await writeNewFile(flags.out, `${file}\n`)
      const bytes = Buffer.from(file, 'base64').length
      if (flags.json) printJson({ chain, file: flags.out, bytes })
      else print(`wrote ${flags.out} (${bytes} bytes of proof); check it with \`chordns ledger verify\``)
    })
  configOptions(ledger.command('verify'))
    .description('check such a file, or one of `domain proof`, with the genesis file alone and no node')
    .argument('<file>', 'the proof')
    .option('--genesis <file>', 'the genesis file (default: ledger.genesis of the configuration)')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  chordns ledger verify account.proof --genesis genesis.json')
    .action(async (file: string, flags: Flags) => {
      const genesis = flags.genesis ?? loadConfigFrom(flags).config.ledger.genesis
      if (genesis === undefined) throw new ChordnsError('USAGE', 'name the genesis file with --genesis', {})
      const { verifyLedgerProof } = await import('../../../peer/index.ts')
      const checked = verifyLedgerProof(await textIn(file), await textIn(genesis), Date.now())
      if (flags.json) return printJson(checked)
      for (const { key, value } of checked.claims) print(`${key}: ${value ?? 'nothing'}`)
      print(
        `proven: it was so on ${checked.chain} at height ${checked.height}, ${new Date(checked.time).toISOString()}`,
      )
    })
  nodeOption(ledger.command('checkpoint'))
    .description('print the newest checkpoint that a quorum of validators has cosigned (a C2SP signed note)')
    .option('--chain <name>', 'root, or a TLD', 'root')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  chordns ledger checkpoint --chain example')
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

async function textIn(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    throw new ChordnsError('FILE_UNREADABLE', fileTrouble(file, cause), { file }, { cause })
  }
}

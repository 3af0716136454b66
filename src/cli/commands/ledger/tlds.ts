/** `chordns ledger tlds`: which TLDs there are on the ledger, and what this node makes of them. */
import type { Command } from 'commander'
import { tldsView } from '../../../observe/index.ts'
import type { LedgerFlags } from '../../common/ledger-client.ts'
import { nodeOf, nodeOption } from '../../common/node-option.ts'
import { askNode } from '../../common/status-client.ts'
import { print, printJson, table } from '../../common/table.ts'

export function addTldsCommand(ledger: Command): void {
  nodeOption(ledger.command('tlds'))
    .description('show the TLDs of the Root chain: whose they are, and how this node resolves names below them')
    .argument('[tld]', 'only this one')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExamples:\n  chordns ledger tlds\n  chordns ledger tlds example --json')
    .action(async (tld: string | undefined, flags: LedgerFlags) => {
      const found = await askNode(nodeOf(flags), '/ledgers/tlds', tld === undefined ? {} : { tld }, tldsView, 60_000)
      if (flags.json) return printJson(found)
      print(
        table([
          ['TLD', 'registry', 'in the DNS', 'chain', 'here'],
          ...found.tlds.map((one) => [
            one.tld,
            one.registry?.slice(0, 16) ?? 'nobody has it',
            one.isLedgerOnly ? 'no' : 'perhaps',
            one.chainId?.slice(0, 16) ?? '-',
            one.isFollowed ? one.precedence : 'not followed',
          ]),
        ]),
      )
      print(`at height ${found.height} of root${found.fresh ? '' : ', which is not the newest'}`)
    })
}

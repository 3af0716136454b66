/** `chordns ledger link`: a node's vote on where the link of another chain begins, or begins anew. Validators' nodes give theirs by themselves. */
import type { Command } from 'commander'
import { ChordnsError, fromHex } from '../../../base/index.ts'
import { linkVoteView } from '../../../observe/index.ts'
import { examples } from '../../common/command.ts'
import { type LedgerFlags, saySent, sendingOptions, sendTransaction } from '../../common/ledger-client.ts'
import { nodeOf } from '../../common/node-option.ts'
import { askNode } from '../../common/status-client.ts'

export function addLinkCommand(ledger: Command): void {
  const link = sendingOptions(ledger.command('link'))
  examples(link, ['chordns ledger link example', 'chordns ledger link root --chain example --dry-run'])
    .description('vote for the link of another chain, where it has none yet, or none that has its term still')
    .argument('<other>', 'the chain that is to be linked: a TLD, or root')
    .action(async (other: string, flags: LedgerFlags) => {
      const chain = flags.chain ?? 'root'
      const vote = await askNode(nodeOf(flags), '/ledgers/link', { chain, of: other }, linkVoteView, 60_000)
      const { state, height, at, payload } = vote
      if (payload === null)
        throw new ChordnsError(
          'USAGE',
          `there is nothing to vote on: ${other} is ${state} on ${chain}, at ${height}`,
          {},
        )
      const sent = await sendTransaction(flags, chain, fromHex(payload))
      saySent(flags, sent, `voted that ${chain} links ${other} from height ${at} on`)
    })
}

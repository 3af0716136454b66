/** `chordns ledger root-keys`: the keys of the DNS root that proofs of claimed domains begin at, on the chain of a TLD. */
import type { Command } from 'commander'
import { provenView } from '../../../observe/index.ts'
import { examples, usage } from '../../common/command.ts'
import { chainNamed, type LedgerFlags, saySent, sendingOptions, sendTransaction } from '../../common/ledger-client.ts'
import { nodeOf } from '../../common/node-option.ts'
import { askNode } from '../../common/status-client.ts'
import { print, printJson } from '../../common/table.ts'

type Flags = LedgerFlags & {
  readonly file?: string
  readonly no?: boolean
}

const TAKES_EFFECT =
  'in the block in which more than half of all nodes have said the same; proofs of before stay what they are'
const UNDO = 'the same with --no, until then; afterwards by another vote'

export function addRootKeysCommand(ledger: Command): void {
  examples(sendingOptions(ledger.command('root-keys')), [
    'chordns ledger root-keys --chain example',
    'chordns ledger root-keys --chain example --file root-anchors.txt --dry-run',
    'chordns ledger root-keys --chain example --file root-anchors.txt',
  ])
    .description(
      'show the keys of the DNS root that claims by DNSSEC begin at on the chain of a TLD; with --file, say as a node what they should be',
    )
    .option('--file <file>', 'DS or DNSKEY lines of the root: all that are to count, those of now with them')
    .option('--no', 'take back what this account has said')
    .action(async (flags: Flags) => {
      const { chain, file } = flags
      if (chain === undefined || chain === 'root') throw usage('name the chain of a TLD with --chain')
      const peer = await import('../../../peer/ledgers.ts')
      if (file === undefined) return show(flags, chain)
      const anchors = peer.sortedAnchors(peer.rootAnchorsFrom(file))
      const sent = await sendTransaction(flags, chain, peer.anchorsVotePayload(anchors, flags.no !== true))
      const costs = `the fee of ${flags.fee ?? '0'}, and one of the transactions of the day`
      const keys = anchors.map(peer.dsText)
      if (flags.json) return printJson({ ...sent, keys, costs, takesEffect: TAKES_EFFECT, undo: UNDO })
      saySent(flags, sent, `${flags.no ? 'took back' : 'said'} that these count: ${keys.join(', ')}`)
      print(`costs: ${costs}\ntakes effect: ${TAKES_EFFECT}\nundo: ${UNDO}`)
    })
}

async function show(flags: Flags, chain: string): Promise<void> {
  const peer = await import('../../../peer/ledgers.ts')
  const node = nodeOf(flags)
  await chainNamed(node, chain)
  const { values, height } = await askNode(node, '/ledgers/prove', { chain, key: peer.claimRulesStateKey }, provenView)
  const rules = peer.claimRules(values[0]?.value ?? null)
  const keys = rules?.anchors.map(peer.dsText) ?? null
  if (flags.json) return printJson({ chain, height, keys })
  print(keys === null ? `${chain} has no claims of domains` : keys.join('\n'))
}

/** `chordns ledger status`, `account` and `pay`: what the running node knows of the ledgers, and moving value. */
import type { Command } from 'commander'
import { accountView } from '../../../observe/index.ts'
import { examples, hexKey, jsonOption, wholeNumber } from '../../common/command.ts'
import { loadConfigFrom } from '../../common/config-option.ts'
import {
  type ChainStatusView,
  chainOption,
  chainsOf,
  type LedgerFlags,
  saySent,
  sendingOptions,
  sendTransaction,
} from '../../common/ledger-client.ts'
import { nodeOf, nodeOption } from '../../common/node-option.ts'
import { askNode } from '../../common/status-client.ts'
import { print, printJson, table } from '../../common/table.ts'

export function addLookingCommands(ledger: Command): void {
  const status = jsonOption(nodeOption(ledger.command('status')))
  examples(status, ['chordns ledger status', 'chordns ledger status --json --node 127.0.0.1:8054'])
    .description('show the ledgers that the running node follows or runs')
    .action(async (flags: LedgerFlags) => {
      const chains = await chainsOf(nodeOf(flags))
      if (flags.json) printJson({ chains })
      else print(render(chains, Date.now()))
    })
  const account = jsonOption(chainOption(nodeOption(ledger.command('account'))))
  examples(account, ['chordns ledger account', 'chordns ledger account 1916a1...5a --chain example'])
    .description('show what an account has: transactions so far, and value')
    .argument('[account]', 'its key in hex; default: that of this machine')
    .action(async (key: string | undefined, flags: LedgerFlags) => {
      const account = key === undefined ? await ownAccount(flags) : hexKey('<account>', key)
      const found = await askNode(
        nodeOf(flags),
        '/ledgers/account',
        { chain: flags.chain ?? 'root', account },
        accountView,
      )
      if (flags.json) printJson(found)
      else
        print(
          `${found.account} on ${found.chain}: ${found.nonce} transactions, owns ${found.balance}${found.fresh ? '' : ' (as of an old block)'}`,
        )
    })
  const pay = sendingOptions(ledger.command('pay').alias('transfer'))
  examples(pay, [
    'chordns ledger pay 1916a1...5a 100 --chain example',
    'chordns ledger pay 1916a1...5a 100 --dry-run --json',
  ])
    .description("move value from this machine's account to another")
    .argument('<account>', 'its key in hex')
    .argument('<amount>', "in the chain's smallest unit")
    .action(payAccount)
}

async function payAccount(to: string, text: string, flags: LedgerFlags): Promise<void> {
  const peer = await import('../../../peer/ledgers.ts')
  const amount = wholeNumber('<amount>', text, 1, Number.MAX_SAFE_INTEGER)
  const payload = peer.transferPayload(Buffer.from(hexKey('<account>', to), 'hex'), amount)
  const sent = await sendTransaction(flags, flags.chain ?? 'root', payload)
  const notice = {
    costs: `${amount}, the fee of ${flags.fee ?? '0'}, and one of the transactions of the day`,
    takesEffect: 'in the next block',
    undo: 'it cannot be undone: only whoever has it pays it back',
  }
  if (flags.json) return printJson({ ...sent, ...notice })
  saySent(flags, sent, `moved ${amount}`)
  print(`costs: ${notice.costs}\ntakes effect: ${notice.takesEffect}\nundo: ${notice.undo}`)
}

async function ownAccount(flags: LedgerFlags): Promise<string> {
  const peer = await import('../../../peer/ledgers.ts')
  return Buffer.from((await peer.loadAccount(loadConfigFrom(flags).config)).publicKey).toString('hex')
}

function render(chains: readonly ChainStatusView[], now: number): string {
  return table([
    ['chain', 'role', 'height', 'age', 'head', 'validators', 'linked', 'waiting', 'engine'],
    ...chains.map(({ name, role, head, links, engine }) => [
      name,
      role,
      String(head.height),
      head.height === 0 ? '-' : `${Math.max(0, Math.round((now - head.time) / 1_000))} s`,
      head.state,
      String(head.validators),
      linksText(links, now),
      engine === null ? '-' : String(engine.waiting),
      engine === null ? '-' : (engine.halted ?? `${engine.step}, round ${engine.round}`),
    ]),
  ])
}

/** The last link of each other chain. */
function linksText(links: ChainStatusView['links'], now: number): string {
  if (links === null) return '?'
  const one = ({ chain, height, time, forked, over }: (typeof links)[number]) => {
    if (forked) return `${chain}: forked`
    if (over) return `${chain}: over at ${height}`
    return height === 0
      ? `${chain}: not yet`
      : `${chain}: ${height}, ${Math.max(0, Math.round((now - time) / 60_000))} min ago`
  }
  return links.length === 0 ? '-' : links.map(one).join('; ')
}

/** `chordns ledger status`, `account` and `transfer`: what the running node knows of the ledgers, and moving value. */
import type { Command } from 'commander'
import { ChordnsError } from '../../../base/index.ts'
import { accountView } from '../../../observe/index.ts'
import { loadConfigFrom } from '../../common/config-option.ts'
import { type ChainStatusView, chainsOf, type LedgerFlags, sendTransaction } from '../../common/ledger-client.ts'
import { nodeOf, nodeOption } from '../../common/node-option.ts'
import { askNode } from '../../common/status-client.ts'
import { print, printJson, table } from '../../common/table.ts'

export function addLookingCommands(ledger: Command): void {
  nodeOption(ledger.command('status'))
    .description('show the ledgers that the running node follows or runs')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExamples:\n  chordns ledger status\n  chordns ledger status --json --node 127.0.0.1:8054')
    .action(async (flags: LedgerFlags) => {
      const chains = await chainsOf(nodeOf(flags))
      if (flags.json) printJson({ chains })
      else print(render(chains, Date.now()))
    })
  nodeOption(ledger.command('account'))
    .description('show what an account has: transactions so far, and value')
    .argument('[account]', 'its key in hex; default: that of this machine')
    .option('--chain <name>', 'root, or a TLD', 'root')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExamples:\n  chordns ledger account\n  chordns ledger account 1916a1...5a --chain example')
    .action(async (key: string | undefined, flags: LedgerFlags) => {
      const account = key ?? (await ownAccount(flags))
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
  nodeOption(ledger.command('transfer'))
    .description("move value from this machine's account to another")
    .argument('<account>', 'its key in hex')
    .argument('<amount>', "in the chain's smallest unit")
    .option('--chain <name>', 'root, or a TLD', 'root')
    .option('--fee <amount>', 'what the transaction pays', '0')
    .option('--dry-run', 'sign and show it, and send nothing')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  chordns ledger transfer 1916a1...5a 100\n  chordns ledger transfer 1916a1...5a 100 --dry-run',
    )
    .action(async (to: string, text: string, flags: LedgerFlags) => {
      const peer = await import('../../../peer/index.ts')
      const amount = Number(text)
      if (!/^[0-9a-f]{64}$/.test(to)) throw usage('<account> must be 32 bytes in hex')
      if (!Number.isSafeInteger(amount) || amount < 1) throw usage('<amount> must be a whole number from 1 on')
      const chain = flags.chain ?? 'root'
      const sent = await sendTransaction(flags, chain, peer.transferPayload(Buffer.from(to, 'hex'), amount))
      if (flags.json) printJson(sent)
      else if (sent.height === null) print(`would send ${sent.transaction} to ${chain}:\n${sent.bytes}`)
      else print(`moved ${amount} in block ${sent.height} of ${chain}`)
    })
}

async function ownAccount(flags: LedgerFlags): Promise<string> {
  const peer = await import('../../../peer/index.ts')
  return Buffer.from((await peer.loadAccount(loadConfigFrom(flags).config)).publicKey).toString('hex')
}

function render(chains: readonly ChainStatusView[], now: number): string {
  return table([
    ['chain', 'role', 'height', 'age', 'head', 'validators', 'waiting', 'engine'],
    ...chains.map(({ name, role, head, engine }) => [
      name,
      role,
      String(head.height),
      head.height === 0 ? '-' : `${Math.max(0, Math.round((now - head.time) / 1_000))} s`,
      head.state,
      String(head.validators),
      engine === null ? '-' : String(engine.waiting),
      engine === null ? '-' : (engine.halted ?? `${engine.step}, round ${engine.round}`),
    ]),
  ])
}

function usage(message: string) {
  return new ChordnsError('USAGE', message, {})
}

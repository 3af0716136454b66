/** `chordns ledger apply`, `inquire`, `answer`, `endorse`, `withdraw`, `leave` and `members`: who is on the list of a ledger. */
import type { Command } from 'commander'
import { ChordnsError } from '../../../base/index.ts'
import { membersView } from '../../../observe/index.ts'
import { configOptions, loadConfigFrom } from '../../common/config-option.ts'
import { type LedgerFlags, type SentTransaction, sendTransaction } from '../../common/ledger-client.ts'
import { nodeOf, nodeOption } from '../../common/node-option.ts'
import { askNode } from '../../common/status-client.ts'
import { print, printJson, table } from '../../common/table.ts'

type Flags = LedgerFlags & {
  readonly out?: string
  readonly list: string
  readonly name: string
  readonly contact: string
  readonly endorser: string
  readonly answer?: string
}

export function addAdmittingCommands(ledger: Command): void {
  addFileCommands(ledger)
  addSendingCommands(ledger)
  listOption(nodeOption(ledger.command('members')))
    .description('show the endorsers, and the organisations that they endorse')
    .option('--chain <name>', 'root, or a TLD', 'root')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExamples:\n  chordns ledger members\n  chordns ledger members --chain example --json')
    .action(async (flags: Flags) => {
      const query = { chain: flags.chain ?? 'root', list: String(listOf(flags)) }
      const found = await askNode(nodeOf(flags), '/ledgers/members', query, membersView, 60_000)
      if (flags.json) printJson(found)
      else
        print(
          table([
            ['organisation', 'account', 'ring id', 'endorsed by', 'contact'],
            ...found.members.map((one) => [
              one.name + (one.isEndorser ? ' (endorser)' : ''),
              one.account.slice(0, 16),
              one.nodeId?.slice(0, 16) ?? 'not drawn yet',
              String(one.endorsers.length),
              one.contact,
            ]),
          ]),
        )
    })
}

/** Files that are handed from one to the other; no node has to run. */
function addFileCommands(ledger: Command): void {
  listOption(configOptions(ledger.command('apply')))
    .description('ask to be admitted: writes an application for an endorser, signed with the account of this machine')
    .requiredOption('--name <text>', 'what the organisation is called')
    .requiredOption('--contact <text>', 'where people reach it')
    .option('--chain <name>', 'root, or a TLD', 'root')
    .option('--out <file>', 'write it there instead of printing it')
    .addHelpText(
      'after',
      `
How an organisation joins: it hands its application to an endorser, who sends back an inquiry; it answers that, and the endorser
endorses it. Exchange the endorser's account key in another way beforehand: the answer names it.

Examples:
  chordns ledger apply --name "A library" --contact admin@library.example --out application.json
  chordns ledger inquire application.json --out inquiry.json                    the endorser
  chordns ledger answer inquiry.json --endorser 1916a1...5a --out answer.json   the applicant
  chordns ledger endorse application.json --answer answer.json                  the endorser`,
    )
    .action(async (flags: Flags) => {
      const peer = await import('../../../peer/index.ts')
      const { config } = loadConfigFrom(flags)
      const given = { chain: flags.chain ?? 'root', list: listOf(flags), name: flags.name, contact: flags.contact }
      await hand(await peer.makeApplication(config, given), flags)
    })
  configOptions(ledger.command('inquire'))
    .description(
      "ask an applicant's machine whether the application is its own: writes an inquiry, signed by this endorser",
    )
    .argument('<application>', 'the file of `ledger apply`')
    .option('--out <file>', 'write it there instead of printing it')
    .addHelpText('after', '\nExample:\n  chordns ledger inquire application.json --out inquiry.json')
    .action(async (file: string, flags: Flags) => {
      const peer = await import('../../../peer/index.ts')
      await hand(await peer.makeInquiry(loadConfigFrom(flags).config, file), flags)
    })
  configOptions(ledger.command('answer'))
    .description("answer an endorser's inquiry with the identity of this machine; it is good for a day")
    .argument('<inquiry>', 'the file of `ledger inquire`')
    .requiredOption('--endorser <key>', "the endorser's account key, as you got it in another way")
    .option('--out <file>', 'write it there instead of printing it')
    .addHelpText('after', '\nExample:\n  chordns ledger answer inquiry.json --endorser 1916a1...5a --out answer.json')
    .action(async (file: string, flags: Flags) => {
      const peer = await import('../../../peer/index.ts')
      await hand(await peer.makeAnswer(loadConfigFrom(flags).config, file, keyOf('--endorser', flags.endorser)), flags)
    })
}

function addSendingCommands(ledger: Command): void {
  sending(ledger.command('endorse'))
    .description(
      'endorse an organisation: a first time with its application and answer, or one that is on the list by its account',
    )
    .argument('<application|account>', 'the file of `ledger apply`, or an account key in hex')
    .option('--answer <file>', 'the file of `ledger answer`')
    .addHelpText(
      'after',
      '\nExamples:\n  chordns ledger endorse application.json --answer answer.json\n  chordns ledger endorse 1916a1...5a',
    )
    .action(async (what: string, flags: Flags) => {
      const peer = await import('../../../peer/index.ts')
      if (flags.answer === undefined) {
        const account = keyOf('<account>', what)
        const payload = peer.endorsePayload(listOf(flags), Buffer.from(account, 'hex'))
        return say(flags, await sendTransaction(flags, flags.chain ?? 'root', payload), `endorsed ${account}`)
      }
      const files = { application: what, answer: flags.answer }
      const { chain, name, account, payload } = await peer.endorsementFrom(loadConfigFrom(flags).config, files)
      say(flags, await sendTransaction(flags, chain, payload), `endorsed ${name} (${account})`)
    })
  sending(ledger.command('withdraw'))
    .description('withdraw the endorsement of this endorser; an organisation leaves the list with its last one')
    .argument('<account>', 'its key in hex')
    .addHelpText('after', '\nExample:\n  chordns ledger withdraw 1916a1...5a')
    .action(async (text: string, flags: Flags) => {
      const peer = await import('../../../peer/index.ts')
      const payload = peer.withdrawPayload(listOf(flags), Buffer.from(keyOf('<account>', text), 'hex'))
      say(flags, await sendTransaction(flags, flags.chain ?? 'root', payload), `withdrew from ${text}`)
    })
  sending(ledger.command('leave'))
    .description("take this machine's organisation off the list")
    .addHelpText('after', '\nExample:\n  chordns ledger leave --chain example')
    .action(async (flags: Flags) => {
      const peer = await import('../../../peer/index.ts')
      say(flags, await sendTransaction(flags, flags.chain ?? 'root', peer.leavePayload(listOf(flags))), 'left')
    })
}

function sending(command: Command): Command {
  return listOption(nodeOption(command))
    .option('--chain <name>', 'root, or a TLD', 'root')
    .option('--fee <amount>', 'what the transaction pays', '0')
    .option('--dry-run', 'sign and show it, and send nothing')
    .option('--json', 'print JSON')
}

function listOption(command: Command): Command {
  return command.option('--list <n>', 'which list: 0 is that of the ring', '0')
}

async function hand(text: string, { out }: Flags): Promise<void> {
  if (out === undefined) return print(text.trimEnd())
  const peer = await import('../../../peer/index.ts')
  await peer.writeNewFile(out, text)
  print(`wrote ${out}`)
}

function say(flags: Flags, sent: SentTransaction, done: string): void {
  if (flags.json) printJson(sent)
  else if (sent.height === null) print(`would send ${sent.transaction} to ${sent.chain}:\n${sent.bytes}`)
  else print(`${done}, in block ${sent.height} of ${sent.chain}`)
}

function listOf({ list }: Flags): number {
  const value = Number(list)
  if (!Number.isInteger(value) || value < 0 || value > 65_535) throw usage('--list must be 0 to 65535')
  return value
}

function keyOf(what: string, text: string): string {
  if (!/^[0-9a-f]{64}$/.test(text)) throw usage(`${what} must be 32 bytes in hex`)
  return text
}

function usage(message: string) {
  return new ChordnsError('USAGE', message, {})
}

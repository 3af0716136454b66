/** `chordns ledger apply`, `inquire`, `answer`, `endorse`, `withdraw`, `leave` and `members`: who is on the list of a ledger. */
import type { Command } from 'commander'
import { membersView } from '../../../observe/index.ts'
import { dryRunOption, examples, hexKey, jsonOption, usage, wholeNumber } from '../../common/command.ts'
import { configOptions, loadConfigFrom } from '../../common/config-option.ts'
import { chainOption, type LedgerFlags, saySent, sendingOptions, sendTransaction } from '../../common/ledger-client.ts'
import { nodeOf, nodeOption, parseEndpoint } from '../../common/node-option.ts'
import { askNode } from '../../common/status-client.ts'
import { print, printJson, table } from '../../common/table.ts'

type Flags = LedgerFlags & {
  readonly out?: string
  /** True: where the application says. */
  readonly send?: string | true
  readonly listen?: string
  readonly wait: string
  readonly list: string
  readonly name: string
  readonly contact: string
  readonly endorser: string
  readonly answer?: string
}

export function addAdmittingCommands(ledger: Command): void {
  addFileCommands(ledger)
  addSendingCommands(ledger)
  const members = jsonOption(chainOption(listOption(nodeOption(ledger.command('members')))))
  examples(members, ['chordns ledger members', 'chordns ledger members --chain example --json'])
    .description('show the endorsers, and the organisations that they endorse')
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

const HOW_TO_JOIN = `How an organisation joins: it hands its application to an endorser, who puts an inquiry to its machine; the machine answers that,
and the endorser endorses it. Exchange the endorser's account key in another way beforehand: the answer names it.`

/** Files that are handed from one to the other, or inquiry and answer over the network; no node has to run. */
function addFileCommands(ledger: Command): void {
  examples(
    chainOption(listOption(handing(ledger.command('apply')))),
    [
      'chordns ledger apply --name "A library" --contact "admin@library.example 192.0.2.7:4154" --out application.json',
      'chordns ledger answer --listen 192.0.2.7:4154 --endorser 1916a1...5a                    the applicant waits',
      'chordns ledger inquire application.json --send --out answer.json                        the endorser',
      'chordns ledger endorse application.json --answer answer.json                            the endorser',
      '                                     or, with files alone:',
      'chordns ledger inquire application.json --out inquiry.json                              the endorser',
      'chordns ledger answer inquiry.json --endorser 1916a1...5a --out answer.json             the applicant',
    ],
    HOW_TO_JOIN,
  )
    .description('ask to be admitted: writes an application for an endorser, signed with the account of this machine')
    .requiredOption('--name <text>', 'what the organisation is called')
    .requiredOption(
      '--contact <text>',
      'where people reach it; with an ADDRESS:PORT at its end, where its machine answers inquiries',
    )
    .action(async (flags: Flags) => {
      const peer = await import('../../../peer/ledgers.ts')
      const { config } = loadConfigFrom(flags)
      const given = { chain: flags.chain ?? 'root', list: listOf(flags), name: flags.name, contact: flags.contact }
      await hand(await peer.makeApplication(config, given), flags)
    })
  examples(
    handing(ledger.command('inquire')),
    [
      'chordns ledger inquire application.json --send --out answer.json',
      'chordns ledger inquire application.json --send 192.0.2.7:4154 --out answer.json',
      'chordns ledger inquire application.json --out inquiry.json',
    ],
    HOW_TO_JOIN,
  )
    .description("ask an applicant's machine whether the application is its own, with the signature of this endorser")
    .argument('<application>', 'the file of `ledger apply`')
    .option(
      '--send [address:port]',
      'put it to the machine, and take its answer: there, or where the application says; without it: write the inquiry',
    )
    .action(inquire)
  examples(
    handing(ledger.command('answer')),
    [
      'chordns ledger answer --listen 192.0.2.7:4154 --endorser 1916a1...5a',
      'chordns ledger answer inquiry.json --endorser 1916a1...5a --out answer.json',
    ],
    'A node that runs answers by itself those whom `ledger.answerTo` names, below /ledger/ of its status address.',
  )
    .description("answer an endorser's inquiry with the identity of this machine; it is good for a day")
    .argument('[inquiry]', 'the file of `ledger inquire`; left out with --listen')
    .requiredOption('--endorser <key>', "the endorser's account key, as you got it in another way")
    .option('--listen <address:port>', 'wait there for the inquiry, answer it, and end')
    .option('--wait <seconds>', 'how long to wait', '600')
    .action(answer)
}

async function inquire(application: string, flags: Flags): Promise<void> {
  const peer = await import('../../../peer/ledgers.ts')
  const { config } = loadConfigFrom(flags)
  const { send } = flags
  const to = typeof send === 'string' ? parseEndpoint('--send', send) : undefined
  const inquiry = await peer.makeInquiry(config, application)
  if (send === undefined || flags.dryRun) return hand(inquiry, flags)
  const { answer, from } = await peer.sendInquiry(application, inquiry, to)
  if (!flags.json) print(`the machine at ${from.address} port ${from.port} has answered: it is the applicant's`)
  await hand(answer, flags)
}

async function answer(file: string | undefined, flags: Flags): Promise<void> {
  const endorser = hexKey('--endorser', flags.endorser)
  const peer = await import('../../../peer/ledgers.ts')
  const { config } = loadConfigFrom(flags)
  if ((file === undefined) === (flags.listen === undefined))
    throw usage('name the file of an inquiry, or --listen ADDRESS:PORT to wait for one')
  if (file !== undefined) return hand(await peer.makeAnswer(config, file, endorser), flags)
  if (flags.dryRun) throw usage('--dry-run goes with the file of an inquiry: nothing is known of one that is to come')
  const listen = parseEndpoint('--listen', flags.listen ?? '')
  const waitMs = wholeNumber('--wait', flags.wait, 1, 86_400) * 1_000
  const answered = await peer.answerOne(config, {
    listen,
    waitMs,
    endorser,
    onReady: ({ address, port }) => process.stderr.write(`waiting for an inquiry on ${address} port ${port}\n`),
  })
  if (flags.json) printJson({ endorser: answered })
  else print(`answered the inquiry of ${answered}`)
}

function addSendingCommands(ledger: Command): void {
  examples(listOption(sendingOptions(ledger.command('endorse'))), [
    'chordns ledger endorse application.json --answer answer.json',
    'chordns ledger endorse 1916a1...5a',
  ])
    .description(
      'endorse an organisation: a first time with its application and answer, or one that is on the list by its account',
    )
    .argument('<application|account>', 'the file of `ledger apply`, or an account key in hex')
    .option('--answer <file>', 'the file of `ledger answer`')
    .action(async (what: string, flags: Flags) => {
      const peer = await import('../../../peer/ledgers.ts')
      if (flags.answer === undefined) {
        const account = hexKey('<account>', what)
        const payload = peer.endorsePayload(listOf(flags), Buffer.from(account, 'hex'))
        return saySent(flags, await sendTransaction(flags, flags.chain ?? 'root', payload), `endorsed ${account}`)
      }
      const files = { application: what, answer: flags.answer }
      const { chain, name, account, payload } = await peer.endorsementFrom(loadConfigFrom(flags).config, files)
      saySent(flags, await sendTransaction(flags, chain, payload), `endorsed ${name} (${account})`)
    })
  examples(listOption(sendingOptions(ledger.command('withdraw'))), ['chordns ledger withdraw 1916a1...5a'])
    .description('withdraw the endorsement of this endorser; an organisation leaves the list with its last one')
    .argument('<account>', 'its key in hex')
    .action(async (text: string, flags: Flags) => {
      const peer = await import('../../../peer/ledgers.ts')
      const payload = peer.withdrawPayload(listOf(flags), Buffer.from(hexKey('<account>', text), 'hex'))
      saySent(flags, await sendTransaction(flags, flags.chain ?? 'root', payload), `withdrew from ${text}`)
    })
  examples(listOption(sendingOptions(ledger.command('leave'))), ['chordns ledger leave --chain example'])
    .description("take this machine's organisation off the list")
    .action(async (flags: Flags) => {
      const peer = await import('../../../peer/ledgers.ts')
      saySent(flags, await sendTransaction(flags, flags.chain ?? 'root', peer.leavePayload(listOf(flags))), 'left')
    })
}

/** Of commands that sign something which is handed on: a file, or the screen. */
function handing(command: Command): Command {
  return jsonOption(dryRunOption(configOptions(command))).option(
    '--out <file>',
    'write it there instead of printing it',
  )
}

function listOption(command: Command): Command {
  return command.option('--list <n>', 'which list: 0 is that of the ring', '0')
}

async function hand(text: string, { out, json, dryRun }: Flags): Promise<void> {
  const isWritten = out !== undefined && !dryRun
  const peer = await import('../../../peer/ledgers.ts')
  if (isWritten) await peer.writeNewFile(out, text)
  if (json) printJson({ file: isWritten ? out : null, content: JSON.parse(text) })
  else print(isWritten ? `wrote ${out}` : text.trimEnd())
}

function listOf({ list }: Flags): number {
  return wholeNumber('--list', list, 0, 65_535)
}

/** `chordns ledger certifier` and `identity`: who vouches for who has a key (D47-D51), on the Root chain. */
import type { Command } from 'commander'
import { fromHex } from '../../../base/index.ts'
import { identityView } from '../../../observe/index.ts'
import { dryRunOption, examples, hexKey, jsonOption, textIn, usage, wholeNumber } from '../../common/command.ts'
import { chainNamed, type LedgerFlags, saySent, sendingOptions, sendTransaction } from '../../common/ledger-client.ts'
import { nodeOf, nodeOption } from '../../common/node-option.ts'
import { askNode } from '../../common/status-client.ts'
import { print, printJson, table } from '../../common/table.ts'

type Flags = LedgerFlags & {
  readonly name: string
  readonly owner: string
  readonly certifier: string
  readonly days: string
  readonly out: string
  readonly remove?: boolean
  readonly against?: boolean
}

const DAY_MS = 86_400_000
/** Identities stand there, for the names of all TLDs. */
const ROOT = 'root'

export function addCertifyingCommands(ledger: Command): void {
  examples(sendingOptions(ledger.command('certifier')), [
    'chordns ledger certifier 1916a1...5a --name "A CA"',
    'chordns ledger certifier 1916a1...5a --remove',
  ])
    .description('vote that an organisation may say who has which key; more than half of the nodes decide')
    .argument('<account>', 'its account')
    .option('--name <text>', 'what it is called')
    .option('--remove', 'that it may not any more')
    .option('--against', 'take the own vote back')
    .action(certifier)
  const identity = ledger.command('identity').description('who has which key, by the word of certifiers')
  examples(jsonOption(dryRunOption(nodeOption(identity.command('ask')))), [
    'chordns ledger identity ask --owner owner.key --name "Ada Ltd" --certifier 1916a1...5a --out ada.json',
  ])
    .description('sign that a certifier is to vouch for your key, in a file that is handed to it')
    .requiredOption('--owner <file>', 'the key')
    .requiredOption('--name <text>', 'your legal name')
    .requiredOption('--certifier <account>', 'who is to vouch')
    .option('--days <number>', 'for how long', '365')
    .requiredOption('--out <file>', 'where to write it')
    .action(ask)
  examples(sendingOptions(identity.command('endorse')), ['chordns ledger identity endorse ada.json'])
    .description('vouch for what such a file says; you have checked it')
    .argument('<file>', 'the file')
    .action(endorse)
  examples(sendingOptions(identity.command('revoke')), ['chordns ledger identity revoke 33ab01...77'])
    .description('take the own word back; that of other certifiers stays, and so does who owns what')
    .argument('<key>', 'the key')
    .action(revoke)
  examples(jsonOption(nodeOption(identity.command('show'))), ['chordns ledger identity show 33ab01...77'])
    .description('who vouches for a key, proven to the running node')
    .argument('<key>', 'the key')
    .action(show)
}

async function certifier(account: string, flags: Flags): Promise<void> {
  const { certifierVotePayload } = await import('../../../peer/ledgers.ts')
  const key = fromHex(hexKey('account', account))
  if (!flags.remove && (flags.name ?? '').trim() === '') throw usage('say what it is called with --name')
  const subject = flags.remove
    ? ({ kind: 'remove', account: key } as const)
    : ({ kind: 'add', account: key, name: flags.name } as const)
  const sent = await sendTransaction(flags, ROOT, certifierVotePayload(subject, !flags.against))
  saySent(flags, sent, 'the vote is cast')
}

async function ask(flags: Flags): Promise<void> {
  const peer = await import('../../../peer/ledgers.ts')
  const owner = await peer.loadOwner(flags.owner)
  const { chainId } = await chainNamed(nodeOf(flags), ROOT)
  const until = Date.now() + wholeNumber('--days', flags.days, 1, 398) * DAY_MS
  const request = { chainId, certifier: hexKey('--certifier', flags.certifier), name: flags.name, until }
  const text = peer.identityRequestText(owner, request)
  if (!flags.dryRun) await peer.writeNewFile(flags.out, text)
  if (flags.json) printJson(JSON.parse(text))
  else print(flags.dryRun ? text.trimEnd() : `wrote ${flags.out}: hand it to the certifier`)
}

async function endorse(file: string, flags: Flags): Promise<void> {
  const peer = await import('../../../peer/ledgers.ts')
  const { payload, name } = peer.identityEndorsement(file, await textIn(file))
  saySent(flags, await sendTransaction(flags, ROOT, payload), `you vouch for ${name}`)
}

async function revoke(key: string, flags: Flags): Promise<void> {
  const { revokeIdentityPayload } = await import('../../../peer/ledgers.ts')
  const payload = revokeIdentityPayload(fromHex(hexKey('key', key)))
  saySent(flags, await sendTransaction(flags, ROOT, payload), 'your word is taken back')
}

async function show(key: string, flags: Flags): Promise<void> {
  const found = await askNode(nodeOf(flags), '/ledgers/identities', { key: hexKey('key', key) }, identityView)
  if (flags.json) return printJson(found)
  if (found.vouched.length === 0) return print('nobody vouches for this key')
  print(table([['is', 'says', 'until'], ...found.vouched.map(({ name, certifier: by, until }) => [name, by, until])]))
}

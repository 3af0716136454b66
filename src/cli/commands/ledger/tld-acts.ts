/** `chordns ledger tld`: who has a TLD, by a vote of the nodes of the Root; and what its registry carries to the Root (N43). */
import type { Command } from 'commander'
import { ChordnsError, fromHex, toHex } from '../../../base/index.ts'
import { parseName } from '../../../dns/index.ts'
import { provenView } from '../../../observe/index.ts'
import type { TransactionPayload } from '../../../peer/ledgers.ts'
import { collect, examples, hexKey, usage } from '../../common/command.ts'
import { chainsOf, type LedgerFlags, saySent, sendingOptions, sendTransaction } from '../../common/ledger-client.ts'
import { nodeOf } from '../../common/node-option.ts'
import { askNode } from '../../common/status-client.ts'
import { print, printJson } from '../../common/table.ts'

type Flags = LedgerFlags & {
  readonly registry?: string
  readonly to?: string
  readonly no?: boolean
  readonly ds: readonly string[]
  readonly server: readonly string[]
  readonly only?: string
}

/** What whoever sends something should know before. */
interface Act {
  readonly payload: TransactionPayload | Uint8Array
  readonly done: string
  readonly takesEffect: string
  readonly undo: string
}

const ROOT = 'root'
const BY_VOTE = 'as soon as more than half of all nodes of the Root say the same'

export function addTldActCommands(ledger: Command): void {
  const tld = ledger.command('tld').description('have a TLD given to a registry, and say as its registry what it is')
  const act = (name: string) => sendingOptions(tld.command(name)).argument('<tld>', 'the TLD')
  examples(act('give').option('--no', 'vote against it'), ['chordns ledger tld give example --registry 1916a1...5a'])
    .description('vote that a registry has a TLD that nobody has')
    .requiredOption('--registry <account>', 'its account in hex: a registry of the Root')
    .action((name: string, flags: Flags) => send(flags, give(name, flags)))
  examples(act('take').option('--no', 'vote against it'), ['chordns ledger tld take example'])
    .description('vote that a TLD is taken back from its registry')
    .action((name: string, flags: Flags) => send(flags, take(name, flags)))
  examples(act('update'), [
    'chordns ledger tld update example --server ns1.nic.example=192.0.2.1 --ds keys/Kexample.+015+12345.ds',
    'chordns ledger tld update example --only yes --dry-run',
  ])
    .description('say, as the registry of a TLD, which servers and keys its zone has; what is not named stays')
    .option('--server <name=addresses>', 'a server (repeatable, at most four)', collect, [])
    .option('--ds <file or text>', 'a DS record, or a file of them (repeatable, at most two)', collect, [])
    .option('--only <yes|no>', 'whether the TLD is on the ledger only: no root server knows it')
    .action(async (name: string, flags: Flags) => send(flags, await update(name, flags)))
  examples(act('hand-over'), ['chordns ledger tld hand-over example --to 77ab01...9c'])
    .description('hand a TLD over to another registry of the Root')
    .requiredOption('--to <account>', 'its account in hex')
    .action((name: string, flags: Flags) => send(flags, handOver(name, flags)))
}

async function give(name: string, { registry = '', no }: Flags): Promise<Act> {
  const { tldPayloads } = await import('../../../peer/ledgers.ts')
  const to = hexKey('--registry', registry)
  const payload = tldPayloads.give(name, to, no !== true)
  return { payload, done: `voted on ${name} for ${to}`, takesEffect: BY_VOTE, undo: 'vote again: the last vote counts' }
}

async function take(name: string, { no }: Flags): Promise<Act> {
  const { tldPayloads } = await import('../../../peer/ledgers.ts')
  const payload = tldPayloads.take(name, no !== true)
  return {
    payload,
    done: `voted on taking ${name} back`,
    takesEffect: BY_VOTE,
    undo: 'vote again: the last vote counts',
  }
}

async function handOver(name: string, { to = '' }: Flags): Promise<Act> {
  const { tldPayloads } = await import('../../../peer/ledgers.ts')
  const payload = tldPayloads.handOver(name, hexKey('--to', to))
  return {
    payload,
    done: `${name} has the registry ${to}`,
    takesEffect: 'at once',
    undo: 'the new registry hands it back',
  }
}

async function update(name: string, flags: Flags): Promise<Act> {
  const peer = await import('../../../peer/ledgers.ts')
  if (flags.only !== undefined && flags.only !== 'yes' && flags.only !== 'no') throw usage('--only must be yes or no')
  const node = nodeOf(flags)
  const { values } = await askNode(node, '/ledgers/prove', { chain: ROOT, key: peer.tldKeyOf(name) }, provenView)
  const known = peer.tldRecord(values[0]?.value ?? null)
  if (known === undefined)
    throw new ChordnsError('USAGE', `nobody has ${name}: have it given with \`chordns ledger tld give\``, {})
  const wanted = {
    ds: flags.ds.length === 0 ? undefined : flags.ds,
    servers: flags.server.length === 0 ? undefined : flags.server,
  }
  const isNamed = known.zone !== undefined || wanted.ds !== undefined || wanted.servers !== undefined
  const zone = isNamed ? peer.domainSettings({ zone: parseName(name) }, wanted, known.zone) : undefined
  const chain = (await chainsOf(node)).find((one) => one.name === name)
  const payload = peer.tldPayloads.update(name, {
    chainId: chain === undefined ? known.chainId : fromHex(chain.chainId),
    zone,
    isLedgerOnly: flags.only === undefined ? known.isLedgerOnly : flags.only === 'yes',
  })
  const takesEffect = 'at once on the Root; nodes of the TLD and resolvers see it with the next header of the Root'
  return {
    payload,
    done: `${name}, of the registry ${toHex(known.registry)}, is changed`,
    takesEffect,
    undo: 'another update',
  }
}

async function send(flags: Flags, making: Act | Promise<Act>): Promise<void> {
  const { payload, done, takesEffect, undo } = await making
  const sent = await sendTransaction(flags, ROOT, payload)
  const costs = `the fee of ${flags.fee ?? '0'}, and one of the transactions of the day`
  if (flags.json) return printJson({ ...sent, costs, takesEffect, undo })
  saySent(flags, sent, done)
  print(`costs: ${costs}\ntakes effect: ${takesEffect}\nundo: ${undo}`)
}

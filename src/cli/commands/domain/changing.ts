/** `chordns domain register`, `update`, `transfer`, `release`, `roll`: what changes a name. */
import type { Command } from 'commander'
import { ChordnsError, fromHex, toHex } from '../../../base/index.ts'
import { cdsView } from '../../../observe/index.ts'
import { collect, dryRunOption, examples, hexKey, jsonOption, usage } from '../../common/command.ts'
import { type NodeFlags, nodeOption } from '../../common/node-option.ts'
import { askNode } from '../../common/status-client.ts'
import { print, printJson } from '../../common/table.ts'
import { Carrier, type Decided, done, openSession, type Session } from './carrying.ts'

interface ChangeFlags extends NodeFlags {
  readonly owner: string
  readonly dryRun?: boolean
  readonly json?: boolean
}

interface SettingFlags extends ChangeFlags {
  readonly ds?: readonly string[]
  readonly server?: readonly string[]
  readonly cds?: string
}

/** Result code: somebody was first. With a commit: this very one is there already. */
const TAKEN = 7

export function addChangingCommands(domain: Command): void {
  const change = (name: string) =>
    jsonOption(dryRunOption(nodeOption(domain.command(name)))).argument('<name>', 'the domain')
  const byOwner = (name: string) => change(name).requiredOption('--owner <file>', "the owner's key")
  const withSettings = (name: string) =>
    byOwner(name)
      .option('--ds <file or text>', 'a DS record, or a file of them (repeatable, at most two)', collect)
      .option('--server <name=addresses>', 'a name server (repeatable, at most four)', collect)
      .option('--cds <on|off>', 'whether a signed CDS set may change the DS records')
  examples(withSettings('register'), [
    'chordns domain register shop.example --owner owner.key --ds keys/Kshop.example.+015+12345.ds --server ns1.shop.example=192.0.2.1',
  ])
    .description('register a domain for the key of its owner: first commit, and two blocks later reveal')
    .action(register)
  examples(withSettings('update'), [
    'chordns domain update shop.example --owner owner.key --server ns1.shop.example=192.0.2.7',
    'chordns domain update shop.example --owner owner.key --cds off --dry-run',
  ])
    .description('change keys or servers of a domain; what is not named stays')
    .action(update)
  examples(byOwner('transfer'), ['chordns domain transfer shop.example --owner owner.key --to 1916a1...5a'])
    .requiredOption('--to <key>', 'the public key of the new owner, in hex')
    .description('hand a domain over to another key')
    .action(transfer)
  examples(byOwner('release'), ['chordns domain release shop.example --owner owner.key'])
    .description('give a domain up')
    .action(release)
  examples(change('roll'), ['chordns domain roll shop.example'])
    .description('carry the signed CDS set of a domain to the ledger: its zone has new keys. Needs no key of the owner')
    .action(roll)
}

async function register(name: string, flags: SettingFlags): Promise<void> {
  const session = await openSession(name, flags)
  const { place } = session
  const peer = await import('../../../peer/index.ts')
  const owner = await peer.loadOwner(flags.owner)
  const record = peer.domainRecord(session.value)
  if (record?.owner !== undefined)
    throw new ChordnsError(
      'DOMAIN_REFUSED',
      `${name} is registered, by ${toHex(record.owner)}: take another name; if the key is yours, use \`chordns domain update\``,
      {},
    )
  const settings = peer.domainSettings(place, wantedOf(flags))
  const registration = peer.registrationOf(owner, place)
  const commit = peer.domainPayloads.commit(registration)
  const reveal = peer.domainPayloads.register(owner, registration, settings)
  if (flags.dryRun) return showPayloads(flags, [commit, reveal])
  const carrier = new Carrier(session, flags)
  const committed = done(await carrier.carry(commit), TAKEN)
  if (!flags.json) print(`committed at height ${committed.height}; the name is shown two blocks later`)
  await carrier.reach(committed.height + 1)
  show(flags, `${name} is registered`, done(await carrier.carry(reveal)))
}

async function update(name: string, flags: SettingFlags): Promise<void> {
  const { session, owner, record, peer } = await owned(name, flags)
  const settings = peer.domainSettings(session.place, wantedOf(flags), record.settings)
  await carryOne(
    flags,
    session,
    peer.domainPayloads.update(owner, session.place, record, settings),
    `${name} is changed`,
  )
}

async function transfer(name: string, flags: ChangeFlags & { readonly to: string }): Promise<void> {
  const to = hexKey('--to', flags.to)
  const { session, owner, record, peer } = await owned(name, flags)
  const payload = peer.domainPayloads.transfer(owner, session.place, record, to)
  await carryOne(flags, session, payload, `${name} belongs to ${to} now`)
}

async function release(name: string, flags: ChangeFlags): Promise<void> {
  const { session, owner, record, peer } = await owned(name, flags)
  await carryOne(flags, session, peer.domainPayloads.release(owner, session.place, record), `${name} is given up`)
}

async function roll(name: string, flags: Omit<ChangeFlags, 'owner'>): Promise<void> {
  const session = await openSession(name, flags)
  const { payload } = await askNode(session.node, '/ledgers/cds', { name }, cdsView)
  await carryOne(flags, session, fromHex(payload), `${name} has the keys of its CDS set now`)
}

async function owned(name: string, flags: ChangeFlags) {
  const session = await openSession(name, flags)
  const peer = await import('../../../peer/index.ts')
  const owner = await peer.loadOwner(flags.owner)
  const record = peer.domainRecord(session.value)
  const holder = record?.owner && toHex(record.owner)
  if (record === undefined || holder !== toHex(owner.publicKey))
    throw new ChordnsError(
      'DOMAIN_REFUSED',
      holder === undefined
        ? `${name} is not registered: register it with \`chordns domain register\``
        : `${name} is ${holder}'s: name the file of that key with --owner`,
      {},
    )
  return { session, owner, record, peer }
}

async function carryOne(
  flags: Omit<ChangeFlags, 'owner'>,
  session: Session,
  payload: Uint8Array,
  text: string,
): Promise<void> {
  if (flags.dryRun) return showPayloads(flags, [payload])
  show(flags, text, done(await new Carrier(session, flags).carry(payload)))
}

function wantedOf({ ds, server, cds }: SettingFlags) {
  if (cds !== undefined && cds !== 'on' && cds !== 'off') throw usage(`--cds ${cds}: must be on or off`)
  return { ds, servers: server, updateByCds: cds === undefined ? undefined : cds === 'on' }
}

function showPayloads(flags: Pick<ChangeFlags, 'json'>, payloads: readonly Uint8Array[]): void {
  const texts = payloads.map(toHex)
  if (flags.json) printJson({ dryRun: true, payloads: texts })
  else print(`nothing was sent; would be carried:\n${texts.join('\n')}`)
}

function show(flags: Pick<ChangeFlags, 'json'>, text: string, decided: Decided): void {
  if (flags.json) printJson({ ...decided })
  else print(`${text} (height ${decided.height}, transaction ${decided.transaction})`)
}

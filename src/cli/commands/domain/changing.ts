/** `chordns domain register`, `update`, `transfer`, `release`, `roll`: what changes a name. */
import type { Command } from 'commander'
import { ChordnsError, fromHex, toHex } from '../../../base/index.ts'
import { cdsView } from '../../../observe/index.ts'
import type { NameRecord } from '../../../peer/ledgers.ts'
import { collect, examples, hexKey, textIn, usage, wholeNumber } from '../../common/command.ts'
import { askNode } from '../../common/status-client.ts'
import { print } from '../../common/table.ts'
import {
  type ActFlags,
  actCommand,
  carryOne,
  type OwnerFlags,
  owned,
  ownerCommand,
  show,
  showPayloads,
} from './acting.ts'
import { Carrier, done, openSession, type Session, stateValue } from './carrying.ts'
import { mostOf } from './living.ts'
import { pageFor } from './pages.ts'

interface SettingFlags extends OwnerFlags {
  readonly ds?: readonly string[]
  readonly server?: readonly string[]
  readonly cds?: string
}

interface RegisterFlags extends SettingFlags {
  readonly terms: string
  readonly most?: string
  readonly guardians?: string
  readonly movable?: boolean
  readonly kept?: string
}

/** Result code: somebody was first. With a commit: this very one is there already. */
const TAKEN = 7

export function addChangingCommands(domain: Command): void {
  const byOwner = (name: string) => ownerCommand(domain, name)
  const withSettings = (name: string) =>
    byOwner(name)
      .option('--ds <file or text>', 'a DS record, or a file of them (repeatable, at most two)', collect)
      .option('--server <name=addresses>', 'a name server (repeatable, at most four)', collect)
      .option('--cds <on|off>', 'whether a signed CDS set may change the DS records')
  examples(
    withSettings('register')
      .option('--terms <number>', 'for how many terms, where names have terms', '1')
      .option('--most <units>', 'what it may cost at most (default: what it costs now)')
      .option('--guardians <file>', 'who may recover it: a file of chordns domain guardians')
      .option('--movable', 'it may be handed over at once')
      .option(
        '--kept <file>',
        'names that the TLD keeps, where it keeps many (default: TLD.kept beside the genesis file)',
      ),
    [
      'chordns domain register shop.example --owner owner.key --ds keys/Kshop.example.+015+12345.ds --server ns1.shop.example=192.0.2.1',
    ],
  )
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
  examples(actCommand(domain, 'roll'), ['chordns domain roll shop.example'])
    .description('carry the signed CDS set of a domain to the ledger: its zone has new keys. Needs no key of the owner')
    .action(roll)
}

async function register(name: string, flags: RegisterFlags): Promise<void> {
  const session = await openSession(name, flags)
  const { place } = session
  const peer = await import('../../../peer/ledgers.ts')
  const owner = await peer.loadOwner(flags.owner)
  const record = peer.domainRecord(session.value)
  const registration = peer.registrationOf(owner, place)
  const isTaken = record?.owner !== undefined
  if (isTaken && !peer.takesFrom(record, await stateValue(session, peer.commitKeyOf(registration)), Date.now()))
    throw new ChordnsError(
      'DOMAIN_REFUSED',
      `${name} is registered, by ${toHex(record.owner!)}: take another name; if the key is yours, use \`chordns domain update\``,
      {},
    )
  const settings = peer.domainSettings(place, wantedOf(flags))
  const commit = peer.domainPayloads.commit(registration)
  const asked = await priced(name, flags, session, record)
  const reveal =
    asked === undefined
      ? peer.domainPayloads.register(owner, registration, settings)
      : peer.lifePayloads.register(owner, registration, settings, asked.wishes)
  if (flags.dryRun) return showPayloads(flags, [commit, reveal], asked?.terms)
  const carrier = new Carrier(session, flags)
  const committed = done(await carrier.carry(commit), TAKEN)
  if (!flags.json) print(`committed at height ${committed.height}; the name is shown two blocks later`)
  await carrier.reach(committed.height + 1)
  show(flags, `${name} is registered`, done(await carrier.carry(reveal)), asked?.terms)
}

/** Undefined where names have no terms. */
async function priced(name: string, flags: RegisterFlags, session: Session, record: NameRecord | undefined) {
  const { policy: value, place } = session
  const peer = await import('../../../peer/ledgers.ts')
  const policy = peer.domainPolicy(value)
  if (policy === undefined) return undefined
  const terms = wholeNumber('--terms', flags.terms, 1, policy.mostTerms)
  const cost = peer.priceNow(policy, place, terms, record)
  const file = flags.guardians
  const guardians = file === undefined ? undefined : peer.parseGuardians(file, await textIn(file))
  const page = await pageFor(name, session, flags)
  const wishes = { terms, isMovable: flags.movable === true, guardians, most: mostOf(flags, cost), page }
  return { wishes, terms: peer.actTerms.register(policy, cost) }
}

async function update(name: string, flags: SettingFlags): Promise<void> {
  const { session, owner, record, peer } = await owned(name, flags)
  const settings = peer.domainSettings(session.place, wantedOf(flags), record.settings)
  const payload = peer.domainPayloads.update(owner, session.place, record, settings)
  await carryOne(flags, session, { payload, text: `${name} is changed` })
}

async function transfer(name: string, flags: OwnerFlags & { readonly to: string }): Promise<void> {
  const to = hexKey('--to', flags.to)
  const { session, owner, record, peer } = await owned(name, flags)
  const payload = peer.domainPayloads.transfer(owner, session.place, record, to)
  const policy = peer.domainPolicy(session.policy)
  if (policy === undefined) return carryOne(flags, session, { payload, text: `${name} belongs to ${to} now` })
  const terms = peer.actTerms.transfer(policy, Date.now())
  await carryOne(flags, session, { payload, text: `${name} will belong to ${to}`, terms })
}

async function release(name: string, flags: OwnerFlags): Promise<void> {
  const { session, owner, record, peer } = await owned(name, flags)
  const payload = peer.domainPayloads.release(owner, session.place, record)
  const policy = peer.domainPolicy(session.policy)
  if (policy === undefined) return carryOne(flags, session, { payload, text: `${name} is given up` })
  const terms = peer.actTerms.release(policy, Date.now())
  await carryOne(flags, session, { payload, text: `${name} will be given up`, terms })
}

async function roll(name: string, flags: ActFlags): Promise<void> {
  const session = await openSession(name, flags)
  const { payload } = await askNode(session.node, '/ledgers/cds', { name }, cdsView)
  const text = `${name} has the keys of its CDS set now`
  await carryOne(flags, session, { payload: fromHex(payload), text })
}

function wantedOf({ ds, server, cds }: SettingFlags) {
  if (cds !== undefined && cds !== 'on' && cds !== 'off') throw usage(`--cds ${cds}: must be on or off`)
  return { ds, servers: server, updateByCds: cds === undefined ? undefined : cds === 'on' }
}

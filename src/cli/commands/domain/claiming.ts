/** `chordns domain claim` and `import`: a domain that its holder has in the DNS, claimed on the ledger (D62-D68). */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Command } from 'commander'
import { ChordnsError } from '../../../base/index.ts'
import { nameToText, parseName } from '../../../dns/index.ts'
import { claimProofView, provenView } from '../../../observe/index.ts'
import type { ClaimSummary } from '../../../peer/ledgers.ts'
import { collect, examples, jsonOption, textIn, usage, wholeNumber } from '../../common/command.ts'
import { parseEndpoint } from '../../common/node-option.ts'
import { askNode } from '../../common/status-client.ts'
import { print, printJson } from '../../common/table.ts'
import { type OwnerFlags, ownerCommand, showPayloads } from './acting.ts'
import { Carrier, done, openSession, type Session } from './carrying.ts'
import { mostOf } from './living.ts'

interface ClaimFlags extends OwnerFlags {
  readonly ds?: readonly string[]
  readonly server?: readonly string[]
  readonly zone?: string
  readonly web?: boolean
  readonly answer?: string
  readonly proof?: string
  readonly makeProof?: string
  readonly most?: string
  readonly wait?: string
  readonly status?: boolean
}

const HOW = `Put the TXT record that --dry-run shows into the zone first. Then each validator looks for it from its own place; more than half of them
have to see it, twice, within the chain's time for claims (an hour, if it says nothing else). With --web the site shows a signature instead; with
--answer this command opens what each validator seals to the key, and the web server passes /.well-known/chordns-claim/ on to it.
A domain that is signed with DNSSEC needs nobody who looks: --make-proof collects the signatures, --proof sends them, from anywhere.`

export function addClaimingCommands(domain: Command): void {
  examples(
    ownerCommand(domain, 'claim')
      .option('--ds <file or text>', 'a DS record, or a file of them (repeatable, at most two)', collect)
      .option('--server <name=addresses>', 'a name server (repeatable, at most four)', collect)
      .option('--zone <file>', "take DS records and servers from the domain's zone file")
      .option('--web', 'show the key at the site of the domain, and not in its zone')
      .option(
        '--answer <address:port>',
        'answer there, behind the web server of the domain, what validators ask of the key, as long as --wait says',
      )
      .option('--make-proof <file>', 'write what DNSSEC proves now to a file, and send nothing')
      .option('--proof <file>', 'claim by such a file')
      .option('--most <units>', 'what it may cost at most, the bond with it (default: what it costs now)')
      .option('--status', 'send nothing: what has become of the last claim of this key')
      .option('--wait <seconds>', 'wait so long for what becomes of it', '0'),
    [
      'chordns domain claim shop.example --owner owner.key --zone shop.example.zone --dry-run',
      'chordns domain claim shop.example --owner owner.key --zone shop.example.zone --wait 3600',
      'chordns domain claim shop.example --owner owner.key --zone shop.example.zone --answer 127.0.0.1:8701 --wait 3600',
      'chordns domain claim shop.example --owner owner.key --make-proof shop.claim',
      'chordns domain claim shop.example --owner owner.key --zone shop.example.zone --proof shop.claim',
    ],
    HOW,
  )
    .description('claim a domain that you hold in the DNS')
    .action(claim)
  examples(jsonOption(domain.command('import')), [
    'chordns domain import shop.example.zone',
    'chordns domain import example.zone --origin example. --out names.json',
  ])
    .description(
      'what a zone file has that a ledger begins with: keys and servers of a domain; of a TLD, the names that are kept for who holds them, more than 1,024 in a file of their own beside',
    )
    .argument('<file>', 'the zone file')
    .option('--origin <name>', 'of a file without $ORIGIN', '.')
    .option('--out <file>', 'write the names of a TLD there, for chordns ledger init --names')
    .action(importZone)
}

async function claim(name: string, flags: ClaimFlags): Promise<void> {
  if (flags.web && flags.answer !== undefined) throw usage('--web or --answer: it is one way of showing the key')
  const listen = flags.answer === undefined ? undefined : parseEndpoint('--answer', flags.answer)
  const session = await openSession(name, flags)
  const { place } = session
  const peer = await import('../../../peer/ledgers.ts')
  const owner = await peer.loadOwner(flags.owner)
  if (flags.makeProof !== undefined) return makeProof(session, flags, flags.makeProof)
  if (flags.status) {
    const found = await outcome(session, owner.publicKey, waitOf(flags))
    return say(flags, textOf(name, found), { claim: found ?? null })
  }
  const rules = peer.claimRules(await stateValue(session, peer.claimRulesStateKey))
  if (rules === undefined) throw refused(`${place.chain} has no claims of domains`)
  const record = peer.domainRecord(session.value)
  if (record?.owner !== undefined)
    throw refused(`${name} is taken: somebody has it on the ledger, and a claim takes it from nobody`)
  const settings = peer.domainSettings(place, await wanted(flags))
  const cost = peer.claimPrice(place, peer.domainPolicy(session.policy), rules, flags.proof !== undefined)
  const most = mostOf(flags, cost.price + cost.bond)
  const how =
    flags.proof === undefined
      ? ({ method: flags.answer === undefined ? (flags.web ? 'web' : 'txt') : 'secret' } as const)
      : { sets: peer.parseClaimProof(flags.proof, await textIn(flags.proof), place.zone) }
  const payload = peer.claimPayload(owner, place, record, { settings, most, how })
  const publish = peer.claimRecordText(place, owner.publicKey)
  if (flags.dryRun) {
    if (flags.json)
      return printJson({ dryRun: true, publish, ...cost, payloads: [Buffer.from(payload).toString('hex')] })
    print(
      `publish first:\n  ${publish}\nit costs ${cost.price} units, and a bond of ${cost.bond} that comes back when it is seen`,
    )
    return showPayloads(flags, [payload])
  }
  const decided = done(await new Carrier(session, flags).carry(payload))
  if (flags.proof !== undefined) return say(flags, `${name} is yours, by proof`, { ...decided, ...cost })
  const found = await claimOf(session, owner.publicKey)
  const page = flags.web && found?.value ? peer.claimPage(owner, place, found.value) : undefined
  if (page !== undefined && !flags.json) print(`show at ${page.path}:\n${page.text}`)
  if (!flags.json)
    print(`claim ${found?.summary.number} is open until ${found?.summary.until}; ${name} must have: ${publish}`)
  const answers =
    listen === undefined || !found?.value ? undefined : await peer.answerClaim(flags.owner, place, found.value, listen)
  if (answers !== undefined && !flags.json)
    print(`answers at ${answers.address.address} port ${answers.address.port} until the claim is over, or --wait is`)
  const end = await outcome(session, owner.publicKey, waitOf(flags))
  await answers?.close()
  say(flags, textOf(name, end), { ...decided, ...cost, publish, page: page ?? null, claim: end ?? null })
  if (end !== undefined && end.state !== 'open' && end.state !== 'done') throw refused(textOf(name, end))
}

function waitOf({ wait = '0' }: ClaimFlags): number {
  return wholeNumber('--wait', wait, 0, 30 * 86_400)
}

async function makeProof(session: Session, flags: ClaimFlags, file: string): Promise<void> {
  const peer = await import('../../../peer/ledgers.ts')
  const { zone } = session.place
  const { sets } = await askNode(
    session.node,
    '/ledgers/claim-proof',
    { name: nameToText(zone) },
    claimProofView,
    60_000,
  )
  await peer.writeNewFile(file, peer.claimProofText(zone, sets))
  say(flags, `wrote ${file} (${sets.length / 2} bytes of signed sets): it counts for a month at most`, {
    file,
    bytes: sets.length / 2,
  })
}

/** What is not said on the command line comes from the zone file. */
async function wanted({ ds, server, zone }: ClaimFlags) {
  if (zone === undefined) return { ds, servers: server }
  const peer = await import('../../../peer/ledgers.ts')
  const found = peer.importZone(zone, await textIn(zone), parseName('.'))
  return { ds: ds ?? found.ds, servers: server ?? found.servers }
}

async function importZone(
  file: string,
  flags: { readonly origin: string; readonly out?: string; readonly json?: boolean },
) {
  const peer = await import('../../../peer/ledgers.ts')
  const found = peer.importZoneFile(file, parseName(flags.origin))
  const pages = flags.out === undefined ? undefined : await writeKept(flags.out, found.names)
  if (flags.json) return printJson(pages === undefined ? found : { ...found, names: [], keptPages: pages })
  const options = [...found.ds.map((one) => `--ds "${one}"`), ...found.servers.map((one) => `--server ${one}`)]
  print(`${found.zone}\n  ${options.join(' ')}`)
  if (found.names.length > 0)
    print(
      `  ${found.names.length} names below it${flags.out === undefined ? '' : `, kept for who holds them: ${flags.out}`}${pages === undefined ? '' : ` and ${pages.file}`}`,
    )
}

/** Undefined: they are so few that the policy names them. */
async function writeKept(out: string, names: readonly string[]) {
  const peer = await import('../../../peer/ledgers.ts')
  const { text, book } = peer.keptPolicy(names)
  const file = peer.keptFileBeside(out)
  if (book !== undefined) await peer.writeKeptNames(file, book)
  await peer.writeNewFile(out, text)
  return book && { file, ...peer.keptRootFields(book.root) }
}

async function stateValue({ node, place }: Session, key: string): Promise<string | null> {
  return (await askNode(node, '/ledgers/prove', { chain: place.chain, key }, provenView)).values[0]?.value ?? null
}

async function claimOf(session: Session, owner: Uint8Array) {
  const peer = await import('../../../peer/ledgers.ts')
  const keys = peer.claimStateKeys(session.place, owner)
  const number = peer.claimNumber(await stateValue(session, keys.last))
  const value = number === null ? null : await stateValue(session, keys.claimAt(number))
  return number === null || value === null ? undefined : { summary: peer.describeClaim(number, value), value }
}

const LOOK_MS = 2_000

async function outcome(session: Session, owner: Uint8Array, seconds: number): Promise<ClaimSummary | undefined> {
  for (const end = Date.now() + seconds * 1_000; ; await sleep(LOOK_MS)) {
    const summary = (await claimOf(session, owner))?.summary
    if (summary?.state !== 'open' || Date.now() >= end) return summary
  }
}

function textOf(name: string, claim: ClaimSummary | undefined): string {
  if (claim === undefined) return `nothing is known of a claim of ${name}`
  const { state, seen, notSeen, observers } = claim
  const counted = `${seen} of ${observers} validators have seen it, ${notSeen} have not`
  switch (state) {
    case 'done':
      return `${name} is yours: ${counted}`
    case 'taken':
      return `${name} is taken: somebody had it by then; all is paid back`
    case 'open':
      return `${name} is claimed: ${counted}`
    default:
      return `${name} is not yours: ${counted}; the bond is lost`
  }
}

function say(flags: ClaimFlags, text: string, json: object): void {
  if (flags.json) printJson(json)
  else print(text)
}

function refused(message: string) {
  return new ChordnsError('DOMAIN_REFUSED', message, {})
}

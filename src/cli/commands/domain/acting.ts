/** What commands that act on a domain have in common: whose it is, what the act costs and does, and that it is shown before and after it is carried. */
import type { Command } from 'commander'
import { ChordnsError, toHex } from '../../../base/index.ts'
import type { ActTerms } from '../../../peer/ledgers.ts'
import { dryRunOption, jsonOption } from '../../common/command.ts'
import { type NodeFlags, nodeOption } from '../../common/node-option.ts'
import { print, printJson } from '../../common/table.ts'
import { Carrier, type Decided, done, openSession, type Session } from './carrying.ts'

export interface ActFlags extends NodeFlags {
  readonly dryRun?: boolean
  readonly json?: boolean
}

export interface OwnerFlags extends ActFlags {
  readonly owner: string
}

export function actCommand(domain: Command, name: string): Command {
  return jsonOption(dryRunOption(nodeOption(domain.command(name)))).argument('<name>', 'the domain')
}

export function ownerCommand(domain: Command, name: string): Command {
  return actCommand(domain, name).requiredOption('--owner <file>', "the owner's key")
}

/** A domain that somebody has. Throws DOMAIN_REFUSED. */
export async function registered(name: string, flags: NodeFlags) {
  const session = await openSession(name, flags)
  const peer = await import('../../../peer/ledgers.ts')
  const record = peer.domainRecord(session.value)
  if (record?.owner === undefined)
    throw new ChordnsError(
      'DOMAIN_REFUSED',
      `${name} is not registered: register it with \`chordns domain register\``,
      {},
    )
  return { session, record, peer }
}

/** A domain of the key in a file. Throws DOMAIN_REFUSED, KEY_*. */
export async function owned(name: string, flags: OwnerFlags) {
  const { session, record, peer } = await registered(name, flags)
  const owner = await peer.loadOwner(flags.owner)
  const holder = toHex(record.owner ?? new Uint8Array())
  if (holder !== toHex(owner.publicKey))
    throw new ChordnsError('DOMAIN_REFUSED', `${name} is ${holder}'s: name the file of that key with --owner`, {})
  return { session, owner, record, peer }
}

/** The terms of names on the domain's chain. Throws DOMAIN_REFUSED where there are none. */
export async function policyOf({ policy, place }: Session) {
  const peer = await import('../../../peer/ledgers.ts')
  const known = peer.domainPolicy(policy)
  if (known === undefined)
    throw new ChordnsError('DOMAIN_REFUSED', `names of ${place.chain} have no terms: they are had for ever`, {})
  return known
}

/** `terms` undefined: it costs nothing, takes effect at once, and is undone by the next of its kind. */
export async function carryOne(
  flags: ActFlags,
  session: Session,
  {
    payload,
    text,
    terms,
  }: { readonly payload: Uint8Array; readonly text: string; readonly terms?: ActTerms | undefined },
): Promise<void> {
  if (flags.dryRun) return showPayloads(flags, [payload], terms)
  show(flags, text, done(await new Carrier(session, flags).carry(payload)), terms)
}

export function showPayloads(flags: ActFlags, payloads: readonly Uint8Array[], terms?: ActTerms): void {
  const texts = payloads.map(toHex)
  if (flags.json) printJson({ dryRun: true, payloads: texts, ...terms })
  else print(`nothing was sent; would be carried:\n${texts.join('\n')}${termsText(terms)}`)
}

export function show(flags: ActFlags, text: string, decided: Decided, terms?: ActTerms): void {
  if (flags.json) printJson({ ...decided, ...terms })
  else print(`${text} (height ${decided.height}, transaction ${decided.transaction})${termsText(terms)}`)
}

function termsText(terms: ActTerms | undefined): string {
  if (terms === undefined) return ''
  const { cost, effective, undo } = terms
  const when = effective === null ? 'at once' : `at ${effective}`
  return `\n  costs: ${cost} units\n  takes effect: ${when}\n  to undo it: ${undo}`
}

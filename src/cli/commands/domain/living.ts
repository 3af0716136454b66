/** `chordns domain renew`, `restore`, `lock`, `unlock`, `cancel`, `roll-owner`: the life of a domain, by whoever pays or owns it. */
import type { Command } from 'commander'
import { examples, hexKey, wholeNumber } from '../../common/command.ts'
import {
  type ActFlags,
  actCommand,
  carryOne,
  type OwnerFlags,
  owned,
  ownerCommand,
  policyOf,
  registered,
} from './acting.ts'

const HOW_LONG = `A domain has a term. After it, it resolves for a grace in which anybody may still renew it; then it does not resolve, and only
its owner restores it, for more; then it comes free. chordns domain show says where it stands.`

interface TermFlags {
  readonly terms: string
  readonly most?: string
}

export function addLivingCommands(domain: Command): void {
  const forTerms = (command: Command) =>
    command
      .option('--terms <number>', 'for how many terms more', '1')
      .option('--most <units>', 'what it may cost at most (default: what it costs now)')
  examples(
    forTerms(actCommand(domain, 'renew')),
    ['chordns domain renew shop.example', 'chordns domain renew shop.example --terms 3 --dry-run'],
    HOW_LONG,
  )
    .description('pay for more terms of a domain; anybody may')
    .action(renew)
  examples(forTerms(ownerCommand(domain, 'restore')), ['chordns domain restore shop.example --owner owner.key'])
    .description('bring a domain back that is past its grace')
    .action(restore)
  examples(ownerCommand(domain, 'lock'), ['chordns domain lock shop.example --owner owner.key'])
    .description('keep a domain from being handed over or given up, until it is unlocked')
    .action((name: string, flags: OwnerFlags) => lock(name, flags, true))
  examples(ownerCommand(domain, 'unlock'), ['chordns domain unlock shop.example --owner owner.key'])
    .description('take the lock off; that takes effect later')
    .action((name: string, flags: OwnerFlags) => lock(name, flags, false))
  examples(ownerCommand(domain, 'roll-owner'), [
    'chordns domain roll-owner shop.example --owner owner.key --to 1916a1...5a',
  ])
    .requiredOption('--to <key>', 'the other public key of the same owner, in hex')
    .description('change the key of the owner, after a hold-down; the domain does not change hands')
    .action(rollOwner)
}

async function renew(name: string, flags: ActFlags & TermFlags): Promise<void> {
  const { session, record, peer } = await registered(name, flags)
  const policy = await policyOf(session)
  const terms = wholeNumber('--terms', flags.terms, 1, policy.mostTerms)
  const cost = peer.priceNow(policy, session.place, terms)
  const payload = peer.lifePayloads.renew(session.place, record, terms, mostOf(flags, cost))
  await carryOne(flags, session, { payload, text: `${name} is renewed`, terms: peer.actTerms.renew(cost) })
}

async function restore(name: string, flags: OwnerFlags & TermFlags): Promise<void> {
  const { session, owner, record, peer } = await owned(name, flags)
  const policy = await policyOf(session)
  const terms = wholeNumber('--terms', flags.terms, 0, policy.mostTerms)
  const cost = peer.priceNow(policy, session.place, terms) + policy.restorePrice
  const payload = peer.lifePayloads.restore(owner, session.place, record, terms, mostOf(flags, cost))
  await carryOne(flags, session, { payload, text: `${name} is restored`, terms: peer.actTerms.renew(cost) })
}

async function lock(name: string, flags: OwnerFlags, isLocked: boolean): Promise<void> {
  const { session, owner, record, peer } = await owned(name, flags)
  const policy = await policyOf(session)
  const payload = peer.lifePayloads.lock(owner, session.place, record, isLocked)
  const terms = isLocked ? peer.actTerms.lock() : peer.actTerms.unlock(policy, Date.now())
  await carryOne(flags, session, { payload, text: `${name} ${isLocked ? 'is locked' : 'will be unlocked'}`, terms })
}

async function rollOwner(name: string, flags: OwnerFlags & { readonly to: string }): Promise<void> {
  const to = hexKey('--to', flags.to)
  const { session, owner, record, peer } = await owned(name, flags)
  const policy = await policyOf(session)
  const payload = peer.lifePayloads.rollOwner(owner, session.place, record, to)
  const terms = peer.actTerms.rollOwner(policy, Date.now())
  await carryOne(flags, session, { payload, text: `${name} will have the key ${to}`, terms })
}

export function mostOf({ most }: { readonly most?: string }, cost: number): number {
  return most === undefined ? cost : wholeNumber('--most', most, 0, Number.MAX_SAFE_INTEGER)
}

/** `chordns domain guardians`, `freeze`, `recover`, `cancel`: keys that are lost or stolen. */
import type { Command } from 'commander'
import { toHex } from '../../../base/index.ts'
import type { ActTerms, GuardedAct, Guardians } from '../../../peer/ledgers.ts'
import { collect, examples, hexKey, textIn, usage, wholeNumber } from '../../common/command.ts'
import { print, printJson } from '../../common/table.ts'
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

const HOW_GUARDIANS_WORK = `Guardians are keys of friends, or of your own elsewhere (chordns domain keygen --owner FILE makes one). One of them freezes the domain:
keys and servers stay, and whoever has the owner's key changes nothing. Enough of them give it to another key, after a delay. The ledger has only
the hash of them: keep the file of guardians with each of them, for without it nobody recovers anything.`

interface GuardianFlags extends OwnerFlags {
  readonly enough?: string
  readonly delay: string
  readonly guardian?: readonly string[]
  readonly keyWins?: boolean
  readonly out?: string
  readonly none?: boolean
}

interface SigningFlags extends ActFlags {
  readonly guardians: string
  readonly guardian?: readonly string[]
  readonly signed?: readonly string[]
  readonly out?: string
}

export function addGuardingCommands(domain: Command): void {
  examples(
    ownerCommand(domain, 'guardians'),
    [
      'chordns domain guardians shop.example --owner owner.key --enough 2 --guardian 19a1...5a --guardian 7c02...11 --guardian e4b8...90 --out guardians.json',
      'chordns domain guardians shop.example --owner owner.key --none',
    ],
    HOW_GUARDIANS_WORK,
  )
    .option('--guardian <key>', 'the public key of a guardian, in hex (repeatable, at most 16)', collect)
    .option('--enough <number>', 'so many of them recover the domain')
    .option('--delay <time>', 'from their signatures to the recovery', '7d')
    .option('--key-wins', "the owner's key cancels a recovery also while the domain is frozen")
    .option('--out <file>', 'where the file of guardians goes')
    .option('--none', 'no guardians any more')
    .description('say who may recover a domain whose key is lost or stolen')
    .action(nameGuardians)
  examples(signing(actCommand(domain, 'freeze')), [
    'chordns domain freeze shop.example --guardians guardians.json --guardian guardian.key',
  ])
    .option('--for <time>', 'for how long (default: as long as the chain lets a guardian)')
    .description('stop all that the key of a domain could do; its answers go on')
    .action(freeze)
  examples(signing(actCommand(domain, 'recover')), [
    'chordns domain recover shop.example --to 1916a1...5a --guardians guardians.json --guardian guardian1.key --out first.json',
    'chordns domain recover shop.example --to 1916a1...5a --guardians guardians.json --guardian guardian2.key --signed first.json',
  ])
    .requiredOption('--to <key>', 'the public key that is to have the domain, in hex')
    .description('give a domain to another key, by enough guardians; each may sign where he is, days apart')
    .action(recover)
  examples(
    actCommand(domain, 'cancel')
      .option('--owner <file>', "the owner's key: cancels whatever is under way")
      .option('--guardians <file>', 'the file of guardians: enough of them end a recovery and a freeze')
      .option('--guardian <file>', 'the key of a guardian (repeatable)', collect)
      .option('--signed <file>', 'what other guardians have signed (repeatable)', collect)
      .option('--out <file>', 'write what is signed there, for the next guardian'),
    [
      'chordns domain cancel shop.example --owner owner.key',
      'chordns domain cancel shop.example --guardians guardians.json --guardian guardian1.key --signed second.json',
    ],
  )
    .description('undo what is under way: a transfer, a release, an unlock, other keys, a recovery')
    .action(cancel)
}

function signing(command: Command): Command {
  return command
    .requiredOption('--guardians <file>', 'the file of guardians')
    .option('--guardian <file>', 'the key of a guardian (repeatable)', collect)
    .option('--signed <file>', 'what other guardians have signed (repeatable)', collect)
    .option('--out <file>', 'write what is signed there, for the next guardian')
}

async function nameGuardians(name: string, flags: GuardianFlags): Promise<void> {
  const { session, owner, record, peer } = await owned(name, flags)
  const policy = await policyOf(session)
  const guardians = flags.none ? undefined : await guardiansIn(flags, policy.guardMs)
  const payload = peer.lifePayloads.guardians(owner, session.place, record, guardians)
  const terms = peer.actTerms.guardians(policy, record, Date.now())
  if (guardians !== undefined && !flags.dryRun) await peer.writeNewFile(flags.out!, peer.guardiansText(guardians))
  await carryOne(flags, session, { payload, text: `the guardians of ${name} are named`, terms })
}

async function guardiansIn(flags: GuardianFlags, leastMs: number): Promise<Guardians> {
  const peer = await import('../../../peer/ledgers.ts')
  const keys = (flags.guardian ?? []).map((key) => hexKey('--guardian', key))
  if (keys.length === 0 || keys.length > 16) throw usage('name 1 to 16 guardians with --guardian, or --none')
  if (new Set(keys).size < keys.length) throw usage('a guardian is named twice')
  if (flags.out === undefined) throw usage('say where the file of guardians goes: --out FILE')
  const enough = wholeNumber('--enough', flags.enough ?? String(Math.floor(keys.length / 2) + 1), 1, keys.length)
  const delayMs = peer.durationMs('--delay', flags.delay)
  if (delayMs < leastMs)
    throw usage(`--delay ${flags.delay}: this chain lets guardians wait ${leastMs / 1_000} s at least`)
  return peer.guardiansOf(keys, { enough, delayMs, keyWins: flags.keyWins === true })
}

async function freeze(name: string, flags: SigningFlags & { readonly for?: string }): Promise<void> {
  const { session } = await registered(name, flags)
  const peer = await import('../../../peer/ledgers.ts')
  const { freezeMs } = await policyOf(session)
  // Less than the most, for the chain's clock may be a little behind this one.
  const forMs =
    flags.for === undefined
      ? freezeMs - Math.min(60_000, Math.floor(freezeMs / 10))
      : peer.durationMs('--for', flags.for)
  const until = Date.now() + forMs
  await actAsGuardians(name, flags, { kind: 'freeze', until }, 1, () => peer.actTerms.freeze(until))
}

async function recover(name: string, flags: SigningFlags & { readonly to: string }): Promise<void> {
  const { session } = await registered(name, flags)
  const peer = await import('../../../peer/ledgers.ts')
  const policy = await policyOf(session)
  const act = { kind: 'recover', to: hexKey('--to', flags.to) } as const
  await actAsGuardians(name, flags, act, undefined, (guardians) => peer.actTerms.recover(policy, guardians, Date.now()))
}

async function cancel(name: string, flags: SigningFlags & { readonly owner?: string }): Promise<void> {
  const peer = await import('../../../peer/ledgers.ts')
  if (flags.owner === undefined) {
    if (flags.guardians === undefined) throw usage('give --owner FILE, or --guardians FILE with keys of guardians')
    await actAsGuardians(name, flags, { kind: 'cancel' }, undefined, () => peer.actTerms.cancel())
    return
  }
  const { session, owner, record } = await owned(name, { ...flags, owner: flags.owner })
  const payload = peer.lifePayloads.cancel(owner, session.place, record)
  await carryOne(flags, session, {
    payload,
    text: `what was under way with ${name} is cancelled`,
    terms: peer.actTerms.cancel(),
  })
}

/** Carries the act when enough have signed; else writes what there is for the next guardian. */
async function actAsGuardians(
  name: string,
  flags: SigningFlags,
  act: GuardedAct,
  least: number | undefined,
  termsOf: (guardians: Guardians) => ActTerms,
): Promise<void> {
  const { session, record, peer } = await registered(name, flags)
  const guardians = peer.parseGuardians(flags.guardians, await textIn(flags.guardians))
  const bytes = peer.guardedBytes(session.place, record, act)
  const signers = await Promise.all((flags.guardian ?? []).map((file) => peer.loadOwner(file)))
  const stranger = signers.find(({ publicKey }) => !guardians.keys.some((key) => toHex(key) === toHex(publicKey)))
  if (stranger !== undefined) throw usage(`${toHex(stranger.publicKey)} is not one of the guardians`)
  const own = signers.map((signer) => peer.signGuarded(guardians, signer, bytes))
  const files = flags.signed ?? []
  const others = (await Promise.all(files.map(async (file) => peer.parseSigned(file, await textIn(file), act)))).flat()
  const signed = [...new Map([...others, ...own].map((one) => [one.key, one])).values()]
  const enough = least ?? guardians.enough
  if (signed.length < enough) {
    if (flags.out === undefined)
      throw usage(`${signed.length} of ${enough} guardians have signed: write it for the next one with --out FILE`)
    if (!flags.dryRun) await peer.writeNewFile(flags.out, peer.signedText(act, signed))
    if (flags.json) printJson({ signed: signed.length, enough, file: flags.dryRun ? null : flags.out })
    else print(`${signed.length} of ${enough} guardians have signed: the next one adds to ${flags.out}`)
    return
  }
  const payload = peer.guardedPayload(session.place, act, guardians, signed)
  await carryOne(flags, session, { payload, text: `${act.kind}: ${name}`, terms: termsOf(guardians) })
}

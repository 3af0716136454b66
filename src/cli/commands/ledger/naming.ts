/** `chordns ledger names`: terms and prices of a TLD's names, and what the nodes of its chain vote on about them. */
import type { Command } from 'commander'
import { fromHex } from '../../../base/index.ts'
import { provenView } from '../../../observe/index.ts'
import type { TransactionPayload } from '../../../peer/ledgers.ts'
import { examples, hexKey, textIn, usage, wholeNumber } from '../../common/command.ts'
import { chainNamed, type LedgerFlags, saySent, sendingOptions, sendTransaction } from '../../common/ledger-client.ts'
import { nodeOf } from '../../common/node-option.ts'
import { askNode } from '../../common/status-client.ts'
import { print, printJson } from '../../common/table.ts'

type Flags = LedgerFlags & {
  readonly file?: string
  readonly height?: string
  readonly for?: string
  readonly in?: string
  readonly no?: boolean
}

interface Said {
  readonly payload: TransactionPayload
  readonly done: string
  readonly takesEffect: string
  readonly undo: string
}

const NOBODY = new Uint8Array()
const WON = 'when more than half of all nodes have said the same'
const UNDO = 'the same with --no, until then'

export function addNamesCommand(ledger: Command): void {
  examples(sendingOptions(ledger.command('names')), [
    'chordns ledger names show --chain example',
    'chordns ledger names policy --file names.json --height 60000 --chain example',
    'chordns ledger names keep police --chain example',
    'chordns ledger names keep brand --for 1916a1...5a --chain example',
    'chordns ledger names free police --chain example',
    'chordns ledger names free-all --chain example',
    'chordns ledger names settle shop --chain example',
    'chordns ledger names wish shop --in com --for 1916a1...5a --chain example',
  ])
    .description(
      "show a TLD's rules for its names, or say as a node what they should be: a policy from a height on, a name that is kept back or free, all names that wait on pages for claims; or write down what time has made of an old name, or wish a name that the same key has in another TLD",
    )
    .argument('<what>', 'show, policy, keep, free, free-all, settle or wish')
    .argument('[label]', 'a name without its TLD')
    .option('--file <file>', 'the policy as JSON, as `ledger init --names` takes it; what is left out is as by default')
    .option('--height <n>', 'from which block on: 60 from now at least')
    .option('--for <key>', 'the owner key that may register the kept name; left out: nobody')
    .option('--in <tld>', 'where the key has the same name')
    .option('--no', 'take back what this account has said')
    .action(async (what: string, label: string | undefined, flags: Flags) => {
      if (what === 'show') return show(flags)
      const { payload, done, takesEffect, undo } = await saidOf(what, label, flags)
      const sent = await sendTransaction(flags, chainOf(flags), payload)
      const costs = `the fee of ${flags.fee ?? '0'}, and one of the transactions of the day`
      if (flags.json) return printJson({ ...sent, costs, takesEffect, undo })
      saySent(flags, sent, done)
      print(`costs: ${costs}\ntakes effect: ${takesEffect}\nundo: ${undo}`)
    })
}

async function show(flags: Flags): Promise<void> {
  const peer = await import('../../../peer/ledgers.ts')
  const { policy, next, pages, height } = await rulesOf(flags)
  const fields = policy === undefined ? null : peer.namePolicyFields(policy)
  const waiting = next === undefined ? null : { height: next.height, policy: peer.namePolicyFields(next.policy) }
  const keptPages = pages === undefined ? null : peer.keptRootFields(pages)
  if (flags.json) return printJson({ chain: chainOf(flags), height, policy: fields, next: waiting, keptPages })
  print(
    fields === null
      ? `names of ${chainOf(flags)} have no terms: they are had for ever`
      : JSON.stringify(fields, undefined, 2),
  )
  if (waiting !== null) print(`from block ${waiting.height} on:\n${JSON.stringify(waiting.policy, undefined, 2)}`)
  if (pages !== undefined) print(`${pages.names} names wait for who claims them, on pages`)
  print(`at height ${height} of ${chainOf(flags)}`)
}

async function rulesOf(flags: Flags) {
  const peer = await import('../../../peer/ledgers.ts')
  const node = nodeOf(flags)
  const chain = chainOf(flags)
  await chainNamed(node, chain)
  const provenOf = async (key: string) => {
    const { values, height } = await askNode(node, '/ledgers/prove', { chain, key }, provenView)
    return { value: values[0]?.value ?? null, height }
  }
  const [policy, next] = [await provenOf(peer.policyKey), await provenOf(peer.nextPolicyKey)]
  const pages = peer.domainKeptRoot((await provenOf(peer.keptRootKey)).value)
  return {
    policy: peer.domainPolicy(policy.value),
    next: peer.nextDomainPolicy(next.value),
    pages,
    height: policy.height,
  }
}

async function saidOf(what: string, label: string | undefined, flags: Flags): Promise<Said> {
  const peer = await import('../../../peer/ledgers.ts')
  const inFavour = flags.no !== true
  const verb = inFavour ? 'said' : 'took back'
  switch (what) {
    case 'policy': {
      if (flags.file === undefined || flags.height === undefined) throw usage('a policy needs --file and --height')
      const height = wholeNumber('--height', flags.height, 1, Number.MAX_SAFE_INTEGER)
      const { policy } = await rulesOf(flags)
      const named = peer.parseNamePolicy(flags.file, await textIn(flags.file), policy?.payee ?? NOBODY)
      if (named.payee === NOBODY) throw usage(`${flags.file}: say who is paid (payee): nodes vote on the same bytes`)
      if (named.kept.length > 0 || named.pages !== undefined)
        throw usage(`${flags.file}: kept names are voted on one by one: ledger names keep`)
      const takesEffect = `in block ${height}, ${WON}; names keep the end that they are paid for`
      const payload = peer.setPolicyPayload(named, height, inFavour)
      return { payload, done: `${verb} that names have the policy of ${flags.file}`, takesEffect, undo: UNDO }
    }
    case 'keep': {
      const owner = flags.for === undefined ? undefined : fromHex(hexKey('--for', flags.for))
      const payload = peer.keepPayload(labelOf(label), owner, inFavour)
      const takesEffect = `${WON}; whoever has it goes on having it`
      return { payload, done: `${verb} that ${label} is kept back`, takesEffect, undo: UNDO }
    }
    case 'free': {
      const payload = peer.keepPayload(labelOf(label), 'free', inFavour)
      return { payload, done: `${verb} that anybody may register ${label}`, takesEffect: WON, undo: UNDO }
    }
    case 'free-all': {
      const { pages } = await rulesOf(flags)
      if (pages === undefined) throw usage(`no names of ${chainOf(flags)} are kept by pages`)
      const payload = peer.freePagesPayload(pages, inFavour)
      const done = `${verb} that anybody may register the ${pages.names} names that wait for claims`
      return { payload, done, takesEffect: WON, undo: UNDO }
    }
    case 'settle': {
      const payload = peer.settlePayload(labelOf(label))
      const undo = 'it cannot be undone: it was so before, and stands there now'
      return { payload, done: `${label} is written down as time has made it`, takesEffect: 'at once', undo }
    }
    case 'wish': {
      if (flags.in === undefined || flags.for === undefined) throw usage('a wish needs --in and --for')
      const owner = fromHex(hexKey('--for', flags.for))
      const payload = peer.wishPayload({ label: labelOf(label), tld: flags.in, owner })
      const takesEffect =
        'when more than half of all nodes have found that it is so; then that key may register it for a week'
      return { payload, done: `wished ${label}`, takesEffect, undo: 'it ends by itself after a day' }
    }
    default:
      throw usage(`${what}: must be show, policy, keep, free, free-all, settle or wish`)
  }
}

function chainOf({ chain }: Flags): string {
  return chain ?? 'root'
}

function labelOf(text: string | undefined): Uint8Array {
  if (text === undefined || !/^[a-z0-9-]{1,63}$/.test(text))
    throw usage('name the label: a name without its TLD, in lower case')
  return new TextEncoder().encode(text)
}

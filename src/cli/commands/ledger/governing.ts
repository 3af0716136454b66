/** `chordns ledger complain`, `propose`, `vote` and `review`: what the members of a chain decide about each other. */
import type { Command } from 'commander'
import { governanceView } from '../../../observe/index.ts'
import type { MotionSubject, NodeRole, Reason, TransactionPayload } from '../../../peer/ledgers.ts'
import { collect, examples, hexKey, jsonOption, textIn, usage, wholeNumber } from '../../common/command.ts'
import {
  chainOption,
  type LedgerFlags,
  type SentTransaction,
  saySent,
  sendingOptions,
  sendTransaction,
} from '../../common/ledger-client.ts'
import { nodeOf, nodeOption } from '../../common/node-option.ts'
import { askNode } from '../../common/status-client.ts'
import { print, printJson } from '../../common/table.ts'
import { governanceText } from './governance-text.ts'

type Flags = LedgerFlags & {
  readonly reason: string
  readonly height: readonly string[]
  readonly text: string
  readonly role: string
  readonly mark: readonly string[]
  readonly pay: readonly string[]
  readonly file?: string
  readonly yes?: boolean
  readonly no?: boolean
  readonly closed?: boolean
}

/** What whoever sends something should know before: for people, and in the JSON. */
interface Notice {
  readonly takesEffect: string
  readonly undo: string
}

const MOST = Number.MAX_SAFE_INTEGER
const REASON_WORDS = 'other, abnormal-block, two-things-for-one-place, silence, false-identity, policy'
const OPEN_FOR =
  'as soon as more than half of all members with a vote are for it; it is over when its term ends (`ledger review`)'

export function addGoverningCommands(ledger: Command): void {
  addComplain(ledger)
  addPropose(ledger)
  addVote(ledger)
  const review = jsonOption(chainOption(nodeOption(ledger.command('review'))))
  examples(review, ['chordns ledger review', 'chordns ledger review --chain example --closed --json'])
    .description(
      'show who governs a ledger, what is put to the vote, what this node found of who is reviewed, and who was removed',
    )
    .option('--closed', 'also the last motions that are over')
    .action(async (flags: Flags) => {
      const query = { chain: flags.chain ?? 'root', closed: String(flags.closed === true) }
      const found = await askNode(nodeOf(flags), '/ledgers/governance', query, governanceView, 60_000)
      if (flags.json) printJson(found)
      else print(governanceText(found, Date.now()))
    })
}

function addComplain(ledger: Command): void {
  const complain = chargeOptions(sendingOptions(ledger.command('complain')))
  examples(complain, [
    'chordns ledger complain 1916a1...5a --reason abnormal-block --height 4711 --text "three transactions without a signature"',
  ])
    .description('complain about a node of a ledger: so many members that complain in a period start a review of it')
    .argument('<account>', 'its key in hex')
    .action(async (account: string, flags: Flags) => {
      const peer = await import('../../../peer/ledgers.ts')
      const payload = peer.complainPayload(await chargeOf(account, flags))
      await sent(flags, payload, `complained about ${account}`, {
        takesEffect: 'at once; a review begins when as many members complain as the rules of the chain want',
        undo: 'it is forgotten after a period; another complaint of yours about the same node takes its place',
      })
    })
}

function addPropose(ledger: Command): void {
  const propose = chargeOptions(sendingOptions(ledger.command('propose')))
  examples(propose, [
    'chordns ledger propose add 1916a1...5a --role registrar --chain example',
    'chordns ledger propose remove 1916a1...5a --reason silence         (who leads; members complain)',
    'chordns ledger propose repaired 1916a1...5a                        (who leads)',
    'chordns ledger propose compensate 1916a1...5a --mark 4711:5c...e0 --pay 0:77ab...01:250',
    'chordns ledger propose rules --file rules.json',
    'chordns ledger propose hide forbidden --reason policy --text "order 7 of the court" --chain example',
  ])
    .description(
      'put something to the vote of all members: add, remove, promote, compensate, rules, hide or show; or say that a removed one is repaired',
    )
    .argument('<what>', 'add, remove, repaired, promote, compensate, rules, hide, show, or withdraw')
    .argument(
      '[subject]',
      'an account in hex; a name without its TLD to hide or show; the number of a motion to withdraw',
    )
    .option(
      '--role <role>',
      'of who is added: registry, registrar, isp, resolver, coordinator or regulator',
      'registry',
    )
    .option('--mark <height:transaction>', 'a record that is marked as bad (repeatable)', collect, [])
    .option(
      '--pay <mark:account:amount>',
      'what is paid for a marked record, the first one being 0 (repeatable)',
      collect,
      [],
    )
    .option('--file <file>', 'the rules as JSON, as `ledger review --json` shows them')
    .action(async (what: string, about: string | undefined, flags: Flags) => {
      const { payload, done, notice } = await proposed(what, about, flags)
      await sent(flags, payload, done, notice)
    })
}

function addVote(ledger: Command): void {
  examples(sendingOptions(ledger.command('vote')), [
    'chordns ledger vote 7 --yes',
    'chordns ledger vote 7 --no --chain example',
  ])
    .description('reply to a motion that is open (`ledger review` has their numbers)')
    .argument('<motion>', 'its number')
    .option('--yes', 'for it')
    .option('--no', 'against it')
    .action(async (text: string, flags: Flags) => {
      const said = flags.yes === true
      if (said === (flags.no === true)) throw usage('say --yes or --no')
      const peer = await import('../../../peer/ledgers.ts')
      const motion = wholeNumber('<motion>', text, 1, MOST)
      await sent(flags, peer.replyPayload(motion, said), `replied ${said ? 'yes' : 'no'} to motion ${motion}`, {
        takesEffect:
          'at once; it is decided with more than half of all members, and lost when half of them are against it',
        undo: 'vote again while the motion is open: the last reply counts',
      })
    })
}

async function proposed(what: string, about: string | undefined, flags: Flags) {
  const peer = await import('../../../peer/ledgers.ts')
  const leads = { takesEffect: 'at once', undo: 'it cannot be undone; that it is voted in again is for all members' }
  if (what === 'repaired') {
    const account = accountOf(about)
    return { payload: peer.repairedPayload(account), done: `said that ${about} is repaired`, notice: leads }
  }
  if (what === 'withdraw') {
    const motion = wholeNumber('<subject>', about ?? '', 1, MOST)
    const notice = { takesEffect: 'at once', undo: 'propose it anew' }
    return { payload: peer.withdrawMotionPayload(motion), done: `withdrew motion ${motion}`, notice }
  }
  const subject = await subjectOf(what, about, flags)
  const undo = 'ledger propose withdraw NUMBER, as long as it is open'
  const done = `put to the vote: ${what}${about === undefined ? '' : ` ${about}`}`
  return { payload: peer.proposePayload(subject), done, notice: { takesEffect: OPEN_FOR, undo } }
}

async function subjectOf(what: string, about: string | undefined, flags: Flags): Promise<MotionSubject> {
  switch (what) {
    case 'add':
      return { kind: 'add', account: accountOf(about), role: await roleOf(flags.role) }
    case 'remove':
      return { kind: 'remove', ...(await chargeOf(about ?? '', flags)) }
    case 'promote':
      return { kind: 'promote', account: accountOf(about) }
    case 'compensate':
      return { kind: 'compensate', account: accountOf(about), ...compensationOf(flags) }
    case 'rules':
      return { kind: 'rules', rules: await rulesIn(flags.file) }
    case 'hide':
      return { kind: 'hide', label: labelOf(about), reason: await reasonOf(flags.reason), text: flags.text }
    case 'show':
      return { kind: 'show', label: labelOf(about) }
    default:
      throw usage(
        `${what} is nothing to propose: add, remove, repaired, promote, compensate, rules, hide, show, withdraw`,
      )
  }
}

function compensationOf({ mark, pay }: Flags) {
  if (mark.length === 0) throw usage('name the bad records: --mark HEIGHT:TRANSACTION')
  const marks = mark.map((text) => {
    const [height = '', transaction = ''] = text.split(':')
    return { height: wholeNumber('--mark', height, 1, MOST), transaction: keyBytes('--mark', transaction) }
  })
  const payments = pay.map((text) => {
    const [at = '', to = '', amount = ''] = text.split(':')
    const index = wholeNumber('--pay', at, 0, marks.length - 1)
    return { mark: index, to: keyBytes('--pay', to), amount: wholeNumber('--pay', amount, 1, MOST) }
  })
  return { marks, payments }
}

const RULES = governanceView.shape.rules.strict()

async function rulesIn(file: string | undefined) {
  if (file === undefined) throw usage('--file FILE: the rules as JSON')
  let json: unknown
  try {
    json = JSON.parse(await textIn(file))
  } catch (error) {
    if (error instanceof SyntaxError) throw usage(`${file} is not JSON`)
    throw error
  }
  const parsed = RULES.safeParse(json)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw usage(`${file}: ${issue?.path.join('.') || 'the file'}: ${issue?.message ?? 'malformed'}`)
}

async function chargeOf(account: string, { reason, height, text }: Flags) {
  const heights = height.map((one) => wholeNumber('--height', one, 1, MOST))
  return { account: accountOf(account), reason: await reasonOf(reason), heights, text }
}

async function reasonOf(word: string): Promise<Reason> {
  const { REASONS } = await import('../../../peer/ledgers.ts')
  const found = REASONS.find((one) => one.replaceAll(' ', '-') === word)
  if (found === undefined) throw usage(`--reason must be one of ${REASON_WORDS}`)
  return found
}

async function roleOf(word: string): Promise<NodeRole> {
  const { ROLES } = await import('../../../peer/ledgers.ts')
  const found = ROLES.find((one) => one === word)
  if (found === undefined) throw usage(`--role must be one of ${ROLES.join(', ')}`)
  return found
}

function accountOf(text: string | undefined): Uint8Array {
  return keyBytes('<account>', text ?? '')
}

function keyBytes(what: string, text: string): Uint8Array {
  return new Uint8Array(Buffer.from(hexKey(what, text), 'hex'))
}

function labelOf(text: string | undefined): Uint8Array {
  if (text === undefined || !/^[a-z0-9-]{1,63}$/.test(text))
    throw usage('name the label: a name without its TLD, in lower case')
  return new TextEncoder().encode(text)
}

function chargeOptions(command: Command): Command {
  return command
    .option('--reason <word>', REASON_WORDS, 'other')
    .option('--height <n>', 'a block in which it shows (repeatable)', collect, [])
    .option('--text <words>', 'what is wrong, in words (at most 256 bytes)', '')
}

async function sent(flags: Flags, payload: TransactionPayload, done: string, notice: Notice): Promise<void> {
  const one: SentTransaction = await sendTransaction(flags, flags.chain ?? 'root', payload)
  const costs = `the fee of ${flags.fee ?? '0'}, and one of the transactions of the day`
  if (flags.json) return printJson({ ...one, costs, ...notice })
  saySent(flags, one, done)
  print(`costs: ${costs}\ntakes effect: ${notice.takesEffect}\nundo: ${notice.undo}`)
}

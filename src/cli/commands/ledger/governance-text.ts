/** `ledger review` for people. */
import type { GovernanceView } from '../../../observe/index.ts'
import { table } from '../../common/table.ts'

export function governanceText(view: GovernanceView, now: number): string {
  const { chain, height, fresh, isGoverned, members, motions, votes, cases, hidden, rules } = view
  const parts = [`${chain} at height ${height}${fresh ? '' : ', which is not the newest'}`]
  if (!isGoverned) parts.push('founded without governance: its members vote on nodes, and nothing is reviewed')
  parts.push(
    table([
      ['member', 'account', 'role', 'standing', 'complaints'],
      ...members.map((one) => [
        one.name,
        one.account.slice(0, 16),
        one.role,
        one.standing,
        `${one.complaints} (review at ${rules.complaints})`,
      ]),
    ]),
  )
  for (const one of motions) parts.push(motionText(one, now))
  for (const one of votes) parts.push(voteLines(one, now))
  if (motions.length + votes.length === 0) parts.push('nothing is put to the vote')
  for (const { account, reason, height: at, held, paid, isRepaired, barredUntil } of cases) {
    const waits = barredUntil > now ? `waits until ${dateOf(barredUntil)}` : 'may be voted in again'
    const state = `${isRepaired ? 'repaired, ' : ''}${waits}; ${held} held, ${paid} paid`
    parts.push(`removed at height ${at}: ${account.slice(0, 16)} (${reason}), ${state}`)
  }
  for (const { label, reason, text, since } of hidden)
    parts.push(`hidden since ${dateOf(since)}: ${label} (${reason}${text === '' ? '' : `: ${text}`})`)
  return parts.join('\n')
}

function motionText(one: GovernanceView['motions'][number], now: number): string {
  const { number, kind, about, text, until, state, needed, replies, found, by } = one
  const yes = replies.filter(({ inFavour }) => inFavour).length
  const what = [kind, about?.slice(0, 16) ?? '', text === '' ? '' : `(${text})`].filter((part) => part !== '').join(' ')
  const when = state === 'open' ? `open for ${Math.max(0, Math.round((until - now) / 3_600_000))} h` : state
  const from = by === null ? 'by complaints' : `by ${by.slice(0, 16)}`
  const lines = [
    `motion ${number}: ${what}, ${from}, ${when}: ${yes} for, ${replies.length - yes} against, ${needed} needed`,
  ]
  if (found !== null)
    lines.push(
      `  this node looked at ${found.blocks} of its blocks, found ${found.abnormal.length} abnormal${found.hasBrokenLock ? ', and a broken lock' : ''}: ${found.verdict}`,
    )
  return lines.join('\n')
}

/** Who has not voted yet says the same: by which command depends on what it is on. */
const COMMANDS: Readonly<Record<string, string>> = {
  TLDs: 'ledger tld give|take',
  certifiers: 'ledger certifier',
  'rules of names': 'ledger names policy|keep|free',
  'root keys': 'ledger root-keys --file FILE',
  links: 'ledger link',
}

function voteLines(
  { about, list, hash, text, by, until, inFavour, needed }: GovernanceView['votes'][number],
  now: number,
) {
  const whose = list === null ? about : `${about} of list ${list}`
  const left = `open for ${Math.max(0, Math.round((until - now) / 3_600_000))} h`
  const from = by === null ? '' : `, by ${by.slice(0, 16)}`
  const command = COMMANDS[about]
  return [
    `vote on ${whose}${from}, ${left}: ${inFavour.length} for, ${needed} needed${command === undefined ? '' : ` (${command})`}`,
    `  ${text ?? `${hash}: this node keeps no block that says what it is on; an archive does`}`,
  ].join('\n')
}

function dateOf(time: number): string {
  return new Date(time).toISOString().slice(0, 16)
}

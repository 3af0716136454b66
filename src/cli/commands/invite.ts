/** `chordns invite`: a ring grows by one line of text. */
import type { Command } from 'commander'
import { ChordnsError } from '../../base/index.ts'
import { type RingView, ringView, statusView, worthTelling } from '../../observe/index.ts'
import { loadConfigFrom } from '../common/config-option.ts'
import { type NodeFlags, nodeOf, nodeOption } from '../common/node-option.ts'
import { askNode, tellNode } from '../common/status-client.ts'
import { print, printJson, table } from '../common/table.ts'
import { limits } from '../limits.ts'
import { addJoin } from './join.ts'

export function addInviteCommands(program: Command): void {
  const invite = nodeOption(program.command('invite'))
    .description('print a token by which another machine joins the ring of this one; it is good once, for a day')
    .option('--uses <n>', `how many machines may join by it (1 to ${limits.MAX_INVITATION_USES})`, '1')
    .option('--for <time>', 'how long: a number with m, h or d (at most 30d)', '24h')
    .option('--revoke <id>', 'take back an invitation of this node: who joined by it stays, nobody else can')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  chordns invite\n  chordns invite --uses 5 --for 7d\n  chordns invite | ssh other-host chordns join -\n  chordns invite list\n  chordns invite --revoke 1f3a',
    )
    .action(async (flags: InviteFlags) => {
      if (flags.revoke !== undefined) await revoke(flags.revoke, flags)
      else await makeToken(flags)
    })
  nodeOption(invite.command('list'))
    .description('show the invitations of this node, and those of others that were used or revoked')
    .option('--json', 'print JSON')
    .action(async (_: NodeFlags, command: Command) => {
      // `invite` has the same options, and takes them for itself.
      const flags = command.optsWithGlobals<InviteFlags>()
      const { ring } = await askNode(nodeOf(flags), '/status', {}, statusView)
      if (ring === null) throw ringOff()
      if (flags.json) printJson(ring.invitations)
      else print(renderInvitations(ring, Date.now()))
    })
  addJoin(program)
}

interface InviteFlags extends NodeFlags {
  readonly json?: boolean
  readonly uses: string
  readonly for: string
  readonly revoke?: string
}

const UNITS = { m: 60_000, h: 3_600_000, d: 86_400_000 } as const

async function makeToken(flags: InviteFlags): Promise<void> {
  const made = await inviteMachines(flags, readUses(flags.uses), readTerm(flags.for))
  if (flags.json) printJson(made)
  else print(made.token)
  if (made.id === undefined || made.expires === undefined) return
  // The token alone goes through a pipe.
  if (!flags.json && process.stderr.isTTY)
    process.stderr.write(
      `for ${made.uses === 1 ? 'one machine' : `${made.uses} machines`}, until ${made.expires}; take it back with: chordns invite --revoke ${made.id}\n`,
    )
}

export interface MadeInvitation {
  readonly token: string
  /** Left out, with what follows, on an open ring: there is nothing to count or to take back. */
  readonly id?: string
  readonly uses?: number
  readonly expires?: string
  readonly ring: string
  readonly addresses: readonly string[]
}

/** A token that so many machines may join by, made through the running node. */
export async function inviteMachines(flags: NodeFlags, uses: number, forMs: number): Promise<MadeInvitation> {
  const { config } = loadConfigFrom(flags)
  const { ring, data } = config
  if (!ring.enabled) throw ringOff()
  const addresses = await addressesOf(flags, ring.id)
  const peer = await import('../../peer/index.ts')
  const { id: ringId, admission, replicas, secretFile } = ring
  if (admission === 'endorsed')
    throw new ChordnsError('RING_BY_LEDGER', 'an endorser of the ledger lets machines in: `chordns ledger endorse`', {})
  // Anybody may join it: there is nothing to count or to take back.
  if (admission === 'open' || secretFile === undefined) {
    const chunkBits = peer.chunkBitsOf(config)
    const token = peer.encodeToken({ ringId, admission: 'open', replicas, chunkBits, addresses })
    return { token, ring: ringId, addresses }
  }
  const made = await peer.makeInvitation({ data, ringId, secretFile }, { uses, forMs, addresses })
  await tellNode(nodeOf(flags), '/ring/invite', { invitation: made.announcement }, ringView)
  const id = Buffer.from(made.invitation.id).toString('hex')
  const expires = new Date(made.invitation.expires).toISOString()
  return { token: made.token, id, uses, expires, ring: ringId, addresses }
}

async function revoke(text: string, flags: InviteFlags): Promise<void> {
  const { ring, data } = loadConfigFrom(flags).config
  const { ring: view, peer: self } = await askNode(nodeOf(flags), '/status', {}, statusView)
  if (view === null || ring.secretFile === undefined) throw ringOff()
  const found = view.invitations.filter(({ id }) => text.length >= LEAST_ID && id.startsWith(text.toLowerCase()))
  const [one] = found
  if (found.length > 1)
    throw new ChordnsError('USAGE', `several invitations begin with ${text}; say more of the id`, {})
  if (one === undefined)
    throw new ChordnsError(
      'INVITATION_UNKNOWN',
      `no invitation has an id that begins with ${text}; \`chordns invite list\` shows them`,
      { id: text },
    )
  if (one.inviter !== self)
    throw new ChordnsError(
      'INVITATION_UNKNOWN',
      `that invitation was made by ${one.inviter}: revoke it there, or expel what joined by it`,
      { id: one.id },
    )
  const { makeRevocation } = await import('../../peer/index.ts')
  const { at, signature } = await makeRevocation({ data, ringId: ring.id, secretFile: ring.secretFile }, one.id)
  const query = { id: one.id, at: String(at), signature }
  const after = await tellNode(nodeOf(flags), '/ring/revoke', query, ringView)
  if (flags.json) printJson(after.invitations.filter(({ id }) => id === one.id))
  else print(`revoked ${one.id}`)
}

/** Fewer characters of an id name one by chance. */
const LEAST_ID = 4

export function readUses(text: string): number {
  const uses = /^\d{1,4}$/.test(text) ? Number(text) : 0
  if (uses < 1 || uses > limits.MAX_INVITATION_USES)
    throw new ChordnsError(
      'USAGE',
      `--uses takes a number of machines from 1 to ${limits.MAX_INVITATION_USES}, not "${text}"`,
      {},
    )
  return uses
}

export function readTerm(text: string): number {
  const match = /^(\d{1,6})([mhd])$/.exec(text)
  const term = match === null ? 0 : Number(match[1]) * UNITS[match[2] as keyof typeof UNITS]
  if (term <= 0 || term > limits.MAX_INVITATION_TERM_MS)
    throw new ChordnsError('USAGE', `--for takes a time like 30m, 24h or 7d, at most 30d, not "${text}"`, {})
  return term
}

export function renderInvitations({ invitations }: Pick<RingView, 'invitations'>, now: number): string {
  if (invitations.length === 0) return 'no invitations; `chordns invite` makes one'
  const rows = invitations.map((one) => {
    const joined = one.machines.filter(({ isSurplus }) => !isSurplus)
    const used = joined.length >= one.uses
    const state = one.isRevoked ? 'revoked' : used ? 'used' : one.expires <= now ? 'expired' : 'open'
    const who = one.machines.map(({ peer, isSurplus }) => `${peer.slice(-8)}${isSurplus ? ' (one too many)' : ''}`)
    const until = new Date(one.expires).toISOString().slice(0, 16)
    return [one.id, one.inviter.slice(-8), `${joined.length} of ${one.uses}`, until, state, who.join(' ')]
  })
  return table([['id', 'by', 'used', 'until', 'state', 'machines'], ...rows])
}

function ringOff() {
  return new ChordnsError('RING_OFF', 'this node runs without a ring (ring.enabled is false)', {})
}

async function addressesOf(flags: NodeFlags, ringId: string): Promise<string[]> {
  const { ringLimits } = await import('../../peer/index.ts')
  const view = (await askNode(nodeOf(flags), '/status', {}, statusView)).ring
  if (view === null || view.ringId !== ringId)
    throw new ChordnsError('RING_OFF', `the running node is not on the ring ${ringId}; restart it`, {})
  const members = [...view.members].sort((a, b) => Number(b.self) - Number(a.self))
  const addresses = worthTelling(members).slice(0, ringLimits.MAX_INVITED_ADDRESSES)
  if (addresses.length === 0)
    throw new ChordnsError(
      'RING_OFF',
      'no member has an address that others can reach; set ring.listen or ring.announce',
      {},
    )
  return addresses
}

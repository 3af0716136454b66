/** `chordns ring` and `chordns chunk NAME`: who is on the ring, and which replicas hold a name. */
import type { Command } from 'commander'
import { ChordnsError } from '../../base/index.ts'
import {
  type ChunkReadView,
  type ChunkView,
  chunkReadView,
  chunkView,
  type RingView,
  ringView,
  statusView,
} from '../../observe/index.ts'
import { type NodeFlags, nodeOf, nodeOption } from '../common/node-option.ts'
import { ringPicture } from '../common/ring-picture.ts'
import { askNode, tellNode } from '../common/status-client.ts'
import { bold, print, printJson, table } from '../common/table.ts'

type Flags = NodeFlags & { readonly json?: boolean }
type RingFlags = Flags & { readonly svg?: boolean; readonly name?: string }

export function addRingCommands(program: Command): void {
  const ring = nodeOption(program.command('ring'))
    .description('show the members of the ring as the running node knows them')
    .option('--json', 'print JSON')
    .option('--svg', 'draw it: an SVG picture on the output')
    .option('--name <name>', 'with --svg: mark the replicas of a domain name')
    .addHelpText('after', '\nExamples:\n  chordns ring\n  chordns ring --svg --name www.example.com > ring.svg')
    .action(async (flags: RingFlags) => {
      const { ring } = await askNode(nodeOf(flags), '/status', {}, statusView)
      if (ring === null) throw new ChordnsError('RING_OFF', 'this node runs without a ring (ring.enabled is false)', {})
      if (flags.name !== undefined && !flags.svg)
        throw new ChordnsError('USAGE', '--name goes with --svg; `chordns chunk NAME` lists the replicas', {})
      if (flags.svg) await draw(ring, flags)
      else if (flags.json) printJson(ring)
      else print(renderRing(ring))
    })
  nodeOption(ring.command('expel'))
    .description(
      'vote that a member be expelled; when more than half of the others have, it has no seat and is not let in',
    )
    .argument('<member>', 'its peer id, its id, or at least 8 characters of that')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nIt cannot be taken back: an expelled machine joins again with a new identity only.')
    .action(async (member: string, _: Flags, command: Command) => {
      // `ring` has the same options, and takes them for itself.
      const flags = command.optsWithGlobals<Flags>()
      const view = await tellNode(nodeOf(flags), '/ring/expel', { member }, ringView)
      if (flags.json) printJson(view.expulsions)
      else print(renderExpulsions(view))
    })
  nodeOption(program.command('chunk'))
    .description('show the chunk of a name, its replicas, and what they hold of it')
    .argument('<name>', 'domain name')
    .option('--json', 'print JSON')
    .action(async (name: string, flags: Flags) => {
      const view = await askNode(nodeOf(flags), '/chunk', { name }, chunkView)
      const elsewhere = holdsNone(view) ? await askNode(nodeOf(flags), '/chunk/read', { name }, chunkReadView) : null
      if (flags.json) printJson({ ...view, elsewhere })
      else print(`${renderChunk(view)}${renderElsewhere(elsewhere, view.n)}`)
    })
}

async function draw(ring: RingView, flags: RingFlags): Promise<void> {
  const { name } = flags
  const chunk = name === undefined ? undefined : await askNode(nodeOf(flags), '/chunk', { name }, chunkView)
  print(ringPicture(ring, chunk))
}

function renderRing(ring: RingView): string {
  const isNamed = ring.members.some(({ name }) => name !== undefined)
  const rows = ring.members.map((member) => [
    member.id.slice(0, 16),
    ...(isNamed ? [member.name ?? '-'] : []),
    member.peer,
    member.status + (member.suspect ? ', suspect' : ''),
    member.invitedBy?.slice(-8) ?? '-',
    member.self ? 'this node' : member.addresses.join(' '),
  ])
  return `ring ${ring.ringId}: ${ring.joined ? 'joined' : 'joining'}, ${ring.members.length} members, n = ${ring.n} (largest of the last day: ${ring.largest})
${turnedAwayText(ring)}successors ${ring.successors.map((id) => id.slice(0, 8)).join(' ') || '-'}, predecessor ${ring.predecessor?.slice(0, 8) ?? '-'}

${table([['id', ...(isNamed ? ['name'] : []), 'peer', 'status', 'invited by', 'addresses'], ...rows])}${ring.expulsions.length === 0 ? '' : `\n\n${renderExpulsions(ring)}`}`
}

function turnedAwayText({ turnedAway }: RingView): string {
  if (turnedAway === undefined) return ''
  const { members, since, wasListed } = turnedAway
  const why = wasListed ? 'was taken off the list of the ring' : 'is not on the list of the ring'
  return `this node ${why}: ${members} members do not let it in, since ${new Date(since).toISOString()}\n`
}

function renderExpulsions({ expulsions }: RingView): string {
  const rows = expulsions.map(({ id, peer, isExpelled, voters, needed }) => [
    id.slice(0, 16),
    peer,
    isExpelled ? 'expelled' : `${voters.length} of ${needed} votes`,
    voters.map((voter) => voter.slice(-8)).join(' '),
  ])
  return `votes to expel\n${table([['id', 'peer', 'state', 'voters'], ...rows])}`
}

function renderChunk(view: ChunkView): string {
  const replicas = view.replicas.map((one) => [
    one.id.slice(0, 16),
    one.peer,
    one.self ? 'this node' : one.suspect ? 'suspect' : '',
  ])
  const entries = view.entries.flatMap((entry) => {
    const { block } = entry
    const where =
      block === null ? 'in no chain of this node' : `block ${block.height} of chain ${block.chain.slice(0, 16)}`
    return renderEntry(entry, view.n, where)
  })
  return `${view.name} is in chunk ${view.chunk} (key ${view.key.slice(0, 16)}...), n = ${view.n}
${table(replicas, '  ')}
${renderChain(view.chain)}
${entries.length === 0 ? 'this node holds nothing for the name' : entries.join('\n')}`
}

/** Others may have what this node has not; a ring of one has nobody to ask. */
function holdsNone({ entries, replicas }: ChunkView): boolean {
  return entries.length === 0 && replicas.some(({ self }) => !self)
}

type Shown = ChunkReadView[number]

function renderEntry(
  { question, records, expiresInSeconds, observers, networks, ...entry }: Shown,
  n: number,
  where: string,
) {
  return [
    `  ${bold(question)}  ${entry.class}, ${expiresInSeconds} s left, ${where}`,
    ...records.map((record) => `    ${record}`),
    ...observers.map(
      (one) =>
        `    observed by ${one.peer} at ${new Date(one.when).toISOString()}, TTL ${one.ttl}${one.saw.length === 0 ? '' : `: ${one.saw.join(' ')}`}`,
    ),
    ...renderNetworks(networks, n),
  ]
}

function renderElsewhere(elsewhere: ChunkReadView | null, n: number): string {
  if (elsewhere === null) return ''
  if (elsewhere.length === 0) return '\nits replicas have nothing that suffices either'
  return ['\nits replicas have:', ...elsewhere.flatMap((entry) => renderEntry(entry, n, 'as read just now'))].join('\n')
}

/** `n` seats: what more than half of them observed is agreed, and accepted in strict mode. */
function renderNetworks(networks: ChunkView['entries'][number]['networks'], n: number): string[] {
  return networks.map(({ network, observers }) => {
    const agreed = observers > n / 2 ? ', agreed' : ''
    return `    in ${network}: seen by ${observers} of ${n}${agreed}`
  })
}

function renderChain(view: ChunkView['chain']): string {
  if (view === null) return 'this node keeps no chains'
  if (view.state === 'not-mine') return 'this node is no replica of the chunk'
  if (view.chain === null) return `no chain yet, ${view.waiting} entries wait to be recorded`
  const progress = view.target > view.height ? ` of ${view.target} (catching up)` : ''
  const blocks = view.blocks.map((block) => [
    String(block.height),
    new Date(block.time).toISOString(),
    `by ${block.proposer}`,
    block.transactions.map(({ kind, question }) => `${kind} ${question}`).join(', ') || 'empty',
  ])
  return `chain ${view.chain}
  ${view.state}, height ${view.height}${progress}, ${view.waiting} entries wait${view.previous === null ? '' : `, after chain ${view.previous.slice(0, 16)}`}
${table(blocks, '  ')}`
}

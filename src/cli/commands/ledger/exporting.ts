/** `chordns ledger export-zone`: the zone of the Root or of a TLD, out of the state of its chain, for any server of the DNS. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Command } from 'commander'
import { type Endpoint, isChordnsError } from '../../../base/index.ts'
import { parseName, ROOT } from '../../../dns/index.ts'
import { headView, provenView, statePieceView } from '../../../observe/index.ts'
import type { ExportedZone } from '../../../peer/ledgers.ts'
import { collect, examples, jsonOption, usage, wholeNumber } from '../../common/command.ts'
import { chainNamed, chainsOf } from '../../common/ledger-client.ts'
import { type NodeFlags, nodeOf, nodeOption } from '../../common/node-option.ts'
import { askNode } from '../../common/status-client.ts'
import { print, printJson } from '../../common/table.ts'

interface ExportFlags extends NodeFlags {
  readonly out?: string
  readonly height?: string
  readonly sign: readonly string[]
  readonly server: readonly string[]
  readonly ixfr?: string
  readonly hidden?: boolean
  readonly follow?: boolean
  readonly json?: boolean
}

const ABOUT = `The node must run the chain (ledger.roles), for it reads the whole state. In the zone are the names that resolve: registered ones and those in
their grace, frozen ones too; what the policy of the TLD hides is not, and is named in a comment. The serial is the height of the chain, so the same
state makes the same file. Without --sign the zone has a ZONEMD record and no signatures. A resolver that asks the zone, and not the ledger, may believe
the former owner of a name for an hour (its TTL).`
const LOOK_MS = 2_000
const MOST_HEIGHT = Number.MAX_SAFE_INTEGER

export function addExportCommand(ledger: Command): void {
  const command = jsonOption(nodeOption(ledger.command('export-zone')))
  examples(
    command,
    [
      'chordns ledger export-zone example --out example.zone',
      'chordns ledger export-zone example --out example.zone --sign keys/Kexample.+015+12345.private --ixfr example.ixfr',
      'chordns ledger export-zone . --out root.zone --server a.root.example=192.0.2.1 --sign keys/K.+015+23456.private',
      'chordns ledger export-zone example --out example.zone --follow      (again after each block that changes it)',
    ],
    ABOUT,
  )
    .description('write the zone of a TLD or of the Root, as NSD, Knot and BIND load it')
    .argument('[zone]', 'a TLD, or "." (default: the Root)', '.')
    .option('--out <file>', 'where to write it (default: print it)')
    .option('--height <number>', 'of the state after this block, as long as the node keeps it (default: the newest)')
    .option('--sign <file>', 'sign it with this key: the .private file of `domain keygen` (repeatable)', collect, [])
    .option(
      '--server <name=addresses>',
      'a server of the zone itself (repeatable; default: what the Root says)',
      collect,
      [],
    )
    .option('--ixfr <file>', 'also write what has changed against the zone that is in --out, as records of an IXFR')
    .option('--hidden', 'also the names that the policy of the TLD hides')
    .option('--follow', 'go on: write it again when a block has changed it')
    .action(exportZone)
}

async function exportZone(name: string, flags: ExportFlags): Promise<void> {
  if (flags.out === undefined && (flags.ixfr !== undefined || flags.follow))
    throw usage('--ixfr and --follow need --out: a zone that is there before')
  if (flags.follow && flags.height !== undefined) throw usage('--follow has no --height')
  const node = nodeOf(flags)
  const chain = name === '.' || name === 'root' ? 'root' : name.toLowerCase().replace(/\.$/, '')
  await chainNamed(node, chain)
  const height = flags.height === undefined ? undefined : wholeNumber('--height', flags.height, 1, MOST_HEIGHT)
  let last = await written(node, chain, flags, height, false)
  while (flags.follow) {
    await nextBlock(node, chain, last.height)
    last = await written(node, chain, flags, undefined, true)
  }
}

async function written(
  node: Endpoint,
  chain: string,
  flags: ExportFlags,
  height: number | undefined,
  keepsSame: boolean,
): Promise<ExportedZone> {
  const { exportZone: make } = await import('../../../peer/ledgers.ts')
  const request = {
    chain,
    height,
    out: flags.out,
    keyFiles: flags.sign,
    zone: await zoneOf(node, chain, flags.server),
    withHidden: flags.hidden === true,
    changes: flags.ixfr,
    keepsSame,
  }
  const fetch = (at: number | undefined, from: string) =>
    askNode(
      node,
      '/ledgers/piece',
      { chain, from, ...(at !== undefined && { height: String(at) }) },
      statePieceView,
      60_000,
    )
  const done = await make(request, { fetch, print })
  if (flags.out !== undefined && (done.written || !keepsSame)) say(flags, done)
  return done
}

/** Of the TLD itself: by its operator's word, else by the Root's. */
async function zoneOf(node: Endpoint, chain: string, servers: readonly string[]) {
  const peer = await import('../../../peer/ledgers.ts')
  const zone = chain === 'root' ? ROOT : parseName(chain)
  const named = servers.map((text) => peer.serverFrom(text, zone))
  if (named.length > 13) throw usage('at most 13 servers')
  const hasRoot = (await chainsOf(node)).some((one) => one.name === 'root')
  if (chain === 'root' || !hasRoot) return { ds: [], servers: named }
  const { values } = await askNode(node, '/ledgers/prove', { chain: 'root', key: peer.tldKeyOf(chain) }, provenView)
  const said = peer.tldRecord(values[0]?.value ?? null)?.zone
  return { ds: said?.ds ?? [], servers: named.length > 0 ? named : (said?.servers ?? []) }
}

async function nextBlock(node: Endpoint, chain: string, height: number): Promise<void> {
  for (;;) {
    await sleep(LOOK_MS)
    try {
      if ((await askNode(node, '/ledgers/head', { chain }, headView)).height > height) return
    } catch (error) {
      // It is started anew, perhaps.
      if (!isChordnsError(error, 'NODE_UNREACHABLE')) throw error
    }
  }
}

function say(flags: ExportFlags, done: ExportedZone): void {
  if (flags.json) {
    printJson(done)
    return
  }
  const { zone, height, names, serial, keys, hidden, disputed, changes, file } = done
  print(`wrote ${file}: ${zone} with ${names} names, serial ${serial}, of height ${height}`)
  print(keys.length === 0 ? '  not signed' : `  signed with ${keys.join(', ')}`)
  if (hidden.length > 0 && !flags.hidden) print(`  hidden by the policy of the TLD: ${hidden.join(', ')}`)
  if (disputed.length > 0) print(`  without the addresses of ${disputed.join(', ')}: TLDs give different ones`)
  if (changes !== null) print(`  ${flags.ixfr}: ${changes.gone} records gone, ${changes.fresh} new`)
  else if (flags.ixfr !== undefined) print(`  no zone was there before: nothing was written to ${flags.ixfr}`)
}

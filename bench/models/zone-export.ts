/** A process of the benchmark of zones: exports one zone, with pieces of the state from the process that began it. */
import { fromHex } from '../../src/base/index.ts'
import { parseName } from '../../src/dns/index.ts'
import type { StatePieceView } from '../../src/observe/index.ts'
import { exportZone } from '../../src/peer/ledgers.ts'
import { round } from '../lib/stats.ts'
import { type Memory, memory } from '../lib/watch.ts'

export interface ExportTask {
  readonly chain: string
  readonly height: number
  readonly out: string
  readonly keyFiles: readonly string[]
  readonly ds: readonly Uint8Array[]
  /** Where the changes against the zone in `out` go. */
  readonly changes: string | undefined
}

export interface ExportResult extends Memory {
  /** Names in the zone. */
  readonly exported: number
  readonly seconds: number
  readonly cpuSeconds: number
  readonly pieces: number
  readonly pieceMiB: number
  /** Records of the IXFR. */
  readonly gone: number
  readonly fresh: number
}

export type ExportMessage =
  | { readonly kind: 'task'; readonly task: ExportTask }
  | { readonly kind: 'want'; readonly from: Uint8Array }
  /** `body`: JSON, as the status API of a node has it. */
  | { readonly kind: 'piece'; readonly body: string; readonly bytes: number }
  | { readonly kind: 'result'; readonly result: ExportResult }

let heard: (message: ExportMessage & { kind: 'piece' }) => void = () => {}

process.on('message', (message: ExportMessage) => {
  if (message.kind === 'piece') heard(message)
  else if (message.kind === 'task') void run(message.task)
})

async function run({ chain, height, out, keyFiles, ds, changes }: ExportTask): Promise<void> {
  let pieces = 0
  let bytes = 0
  const fetch = async (_: number | undefined, from: string) => {
    const { body, bytes: length } = await new Promise<ExportMessage & { kind: 'piece' }>((resolve) => {
      heard = resolve
      process.send!({ kind: 'want', from: fromHex(from) } satisfies ExportMessage)
    })
    pieces++
    bytes += length
    return JSON.parse(body) as StatePieceView
  }
  const servers = [{ name: parseName(`ns1.nic.${chain}`), addresses: [Uint8Array.of(192, 0, 2, 53)] }]
  const request = { chain, height, out, keyFiles, zone: { ds, servers }, withHidden: false, changes, keepsSame: false }
  const started = performance.now()
  const done = await exportZone(request, { fetch, print: () => {} })
  const { user, system } = process.cpuUsage()
  const result: ExportResult = {
    exported: done.names,
    seconds: round((performance.now() - started) / 1_000, 1),
    cpuSeconds: round((user + system) / 1e6, 1),
    pieces,
    pieceMiB: round(bytes / 2 ** 20, 1),
    gone: done.changes?.gone ?? 0,
    fresh: done.changes?.fresh ?? 0,
    ...memory(),
  }
  process.send!({ kind: 'result', result } satisfies ExportMessage)
}

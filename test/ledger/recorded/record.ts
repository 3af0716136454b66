/**
 * Adds to `chains.json.gz` what tests of the modules did (docs/ledger-modules.md has the commands): of all recordings those few that have kinds of
 * transactions, and outcomes of them, that the chains in it lack. `node test/ledger/recorded/record.ts DIR [--anew]`.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync, gzipSync } from 'node:zlib'
import { proveKeys, stateEntries, stateView } from '../../../src/chain/index.ts'
import type { MemoryState } from '../../../src/ledger/application/memory-state.ts'
import { fromText, kindsOf, type Recorded, type RecordedBlock, replay, toText } from './chain.ts'
import { type StoredChain, storedChain } from './stored.ts'

/** Longer ones take longer to replay than they are worth. */
const MOST_BLOCKS = 300
const MOST_BYTES = 20_000
const PROVEN_KEYS = 4

interface Kept {
  readonly chains: readonly Recorded[]
  readonly stored: StoredChain
}

interface Candidate {
  readonly recorded: Recorded
  readonly outcomes: ReadonlySet<string>
  readonly bytes: number
}

const file = fileURLToPath(new URL('chains.json.gz', import.meta.url))
const [folder, how] = process.argv.slice(2)
const kept: Kept | undefined =
  how === '--anew' || !existsSync(file) ? undefined : fromText(gunzipSync(readFileSync(file)).toString())
if (folder === undefined)
  throw new Error('usage: record.ts DIR, with what CHORDNS_RECORD=DIR npx vitest run left there')
const candidates = readdirSync(folder)
  .filter((name) => name.endsWith('.jsonl'))
  .flatMap((name) => candidateIn(readFileSync(join(folder, name), 'utf8')))
const old = kept?.chains ?? []
const had = new Set(old.flatMap(({ blocks }) => [...outcomesOf(blocks)]))
const chosen = chosenOf(candidates, new Set(had))
const added = chosen.map(({ recorded }) => ({ ...recorded, proven: provenOf(replay(recorded).state as MemoryState) }))
const chains = [...old, ...added]
const packed = gzipSync(toText({ chains, stored: kept?.stored ?? storedChain() }), { level: 9 })
writeFileSync(file, packed)
const outcomes = new Set([...had, ...chosen.flatMap((one) => [...one.outcomes])])
const kinds = new Set([...outcomes].map((one) => one.split(' ')[0]))
const blocks = chains.reduce((sum, one) => sum + one.blocks.length, 0)
console.log(
  `${chains.length} chains, ${added.length} new of ${candidates.length}, ${blocks} blocks, ${kinds.size} kinds, ${outcomes.size} outcomes, ${packed.length} bytes`,
)

function candidateIn(text: string): Candidate[] {
  const [head, ...lines] = text.trim().split('\n')
  const blocks = lineOf(lines.map((line) => fromText<RecordedBlock>(line)))
  const outcomes = outcomesOf(blocks)
  if (blocks.length > MOST_BLOCKS || outcomes.size === 0) return []
  const recorded: Recorded = { ...fromText<Omit<Recorded, 'blocks'>>(head!), blocks }
  if (replay(recorded).difference !== undefined) return []
  const bytes = gzipSync(toText(recorded)).length
  return bytes > MOST_BYTES ? [] : [{ recorded, outcomes, bytes }]
}

function outcomesOf(blocks: readonly RecordedBlock[]): Set<string> {
  return new Set(
    blocks.flatMap(({ content, results }) => kindsOf(content).map((kind, at) => `${kind} ${results[at]?.[0]}`)),
  )
}

/** Of what was tried, what was gone on from: one block a height, each on the state of the one before. */
function lineOf(tried: readonly RecordedBlock[]): RecordedBlock[] {
  const line: RecordedBlock[] = []
  for (const block of tried) {
    const { height } = block.content
    const isNext = height <= line.length + 1 && (height === 1 || line[height - 2]?.root === block.before)
    if (isNext) line.splice(height - 1, line.length, block)
  }
  return line
}

/** As few bytes as it takes, more or less: always the one that has most that is new for its length. */
function chosenOf(all: readonly Candidate[], had: Set<string>): Candidate[] {
  const chosen: Candidate[] = []
  for (;;) {
    const worth = ({ outcomes, bytes }: Candidate) =>
      [...outcomes].filter((one) => !had.has(one)).length / (bytes + 500)
    const best = all.reduce<Candidate | undefined>(
      (a, b) => (a === undefined || worth(b) > worth(a) ? b : a),
      undefined,
    )
    if (best === undefined || worth(best) === 0) return chosen
    chosen.push(best)
    for (const one of best.outcomes) had.add(one)
  }
}

/** Some that are there, and one that is not. */
function provenOf({ map }: MemoryState): NonNullable<Recorded['proven']> {
  const entries = stateEntries(map)
  const every = Math.max(1, Math.floor(entries.length / PROVEN_KEYS))
  const some = entries.filter((_, at) => at % every === 0).slice(0, PROVEN_KEYS)
  const absent = new TextEncoder().encode('nobody')
  const keys = [...some.map(({ key }) => key), absent]
  const claims = [...some.map(({ key, value }) => [key, value] as const), [absent, null] as const]
  return { claims, proof: proveKeys(stateView(map), keys) }
}

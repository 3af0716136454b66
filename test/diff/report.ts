/** The outcome of a run, as a table for people and as JSON for the record. */
import { execFileSync } from 'node:child_process'
import type { Compared, Verdict } from './compare.ts'
import { comparedText, type Field } from './compare.ts'
import { openFault } from './open.ts'
import { questionText } from './questions.ts'

export interface Run {
  readonly seed: number
  readonly questions: number
  readonly zones: number
  readonly validates: boolean
  readonly seconds: number
  /** Compared at first sight. */
  readonly first: readonly Compared[]
  /** Those that differed, asked again: what stayed different, and what did not. */
  readonly settled: readonly Compared[]
  readonly passing: readonly Compared[]
}

export interface Summary {
  readonly same: number
  readonly different: number
  readonly explained: number
  readonly referencesDiffer: number
  /** Among these, where chordns agrees with none. */
  readonly alone: number
  /** Different at first, the same when asked again. */
  readonly passing: number
}

export function summaryOf(run: Run): Summary {
  const count = (verdict: Verdict) => final(run).filter((one) => one.verdict === verdict).length
  return {
    same: count('same'),
    different: count('different'),
    explained: count('explained'),
    referencesDiffer: count('references-differ'),
    alone: alone(run).length,
    passing: run.passing.length,
  }
}

/** Each question once, with what counts in the end. */
function final(run: Run): Compared[] {
  const again = new Map(run.settled.map((one) => [questionText(one.question), one]))
  return run.first.map((one) => again.get(questionText(one.question)) ?? one)
}

/** Where our TTL is far from what all references say: above it by minutes, or less than half of it. */
export function ttlsApart(run: Run): { readonly longer: Compared[]; readonly shorter: Compared[] } {
  const apart = (test: (ours: number, low: number, high: number) => boolean) =>
    run.first.filter(({ replies: { chordns, unbound, bind, knot }, verdict }) => {
      if (verdict !== 'same' || chordns.ttl === undefined) return false
      const ttls = [unbound, bind, knot].flatMap(({ ttl }) => ttl ?? [])
      return ttls.length === 3 && test(chordns.ttl, Math.min(...ttls), Math.max(...ttls))
    })
  return {
    longer: apart((ours, _, high) => ours > high + 120),
    shorter: apart((ours, low) => ours + 5 < low / 2),
  }
}

const alone = (run: Run): Compared[] =>
  final(run).filter(({ verdict, aloneFields }) => verdict === 'references-differ' && aloneFields.length > 0)

const different = (run: Run): Compared[] => run.settled.filter(({ verdict }) => verdict === 'different')

export const unexplained = (run: Run): Compared[] => different(run).filter((one) => openFault(one) === undefined)

/** Faults of ours that are known and not mended yet, with how many questions showed them. */
export function openFaults(run: Run): Readonly<Record<string, number>> {
  return countBy(different(run).flatMap((one) => openFault(one) ?? []))
}

export function tableOf(run: Run): string {
  const kinds = [...new Set(run.first.map(({ question }) => question.kind))].sort()
  const rows = [
    ['zones of kind', 'questions', 'same', 'different', 'explained', 'references differ'],
    ...[...kinds, 'all'].map((kind) => {
      const own = final(run).filter(({ question }) => kind === 'all' || question.kind === kind)
      const count = (verdict: Verdict) => String(own.filter((one) => one.verdict === verdict).length)
      return [
        kind,
        String(own.length),
        count('same'),
        count('different'),
        count('explained'),
        count('references-differ'),
      ]
    }),
  ]
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)))
  const table = rows.map((row) =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join('  '),
  )
  const fields = (['rcode', 'ad', 'answer', 'soa', 'denial'] as const satisfies readonly Field[]).map(
    (field) => `${field} ${unexplained(run).filter((one) => one.fields.includes(field)).length}`,
  )
  const { longer, shorter } = ttlsApart(run)
  const example = (all: readonly Compared[]) => (all[0] === undefined ? '' : ` (${questionText(all[0].question)})`)
  const open = Object.entries(openFaults(run)).map(([what, count]) => `${what} (${count})`)
  return [
    ...table,
    '',
    `different in: ${fields.join(', ')}; different at first and not when asked again: ${run.passing.length}`,
    ...(open.length === 0 ? [] : [`not mended yet: ${open.join('; ')}`]),
    `where the references differ from each other, chordns agrees with none: ${alone(run).length}`,
    `TTLs of the same answers: longer than all references ${longer.length}${example(longer)}, under half of all ${shorter.length}${example(shorter)}`,
    `${run.zones} zones, seed ${run.seed}, ${run.seconds} s${run.validates ? '' : '; this chordns does not validate yet (no dnssec.trustAnchors in its schema)'}`,
  ].join('\n')
}

export function detailsOf(run: Run): string {
  return unexplained(run)
    .sort((a, b) => a.question.zone.localeCompare(b.question.zone))
    .map(comparedText)
    .join('\n')
}

export function jsonOf(run: Run): object {
  const told = ({ question, verdict, fields, openFields, reason, replies }: Compared) => ({
    question: questionText(question),
    zone: question.zone,
    kind: question.kind,
    verdict,
    fields,
    openFields,
    ...(reason !== undefined && { reason }),
    replies,
  })
  return {
    date: new Date().toISOString(),
    commit: commit(),
    seed: run.seed,
    questions: run.questions,
    zones: run.zones,
    seconds: run.seconds,
    validates: run.validates,
    summary: { ...summaryOf(run), ttlLonger: ttlsApart(run).longer.length, ttlShorter: ttlsApart(run).shorter.length },
    unexplained: unexplained(run).map(told),
    open: openFaults(run),
    explained: countBy(final(run).flatMap(({ reason }) => reason ?? [])),
    passing: run.passing.map(told),
    alone: alone(run).map(told),
    referencesDiffer: final(run)
      .filter(({ verdict }) => verdict === 'references-differ')
      .map(({ question, openFields }) => `${questionText(question)} [${openFields.join(' ')}]`),
  }
}

function countBy(texts: readonly string[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const text of texts) counts[text] = (counts[text] ?? 0) + 1
  return counts
}

function commit(): string {
  return execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim()
}

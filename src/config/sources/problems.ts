/** From the schema's issues to sentences an operator can act on. */
import type { z } from 'zod'
import { ChordnsError } from '../../base/index.ts'
import { limits } from '../limits.ts'
import { keysOf, leaves } from '../sections/schema.ts'
import type { FileFault, Problem } from '../types.ts'
import type { JsonDocument } from './json.ts'
import type { Assignment } from './layers.ts'
import { nearest } from './suggest.ts'

export function problemsOf(error: z.ZodError): Problem[] {
  return error.issues.flatMap((issue) => problemsOfIssue(issue, []))
}

function problemsOfIssue(issue: z.core.$ZodIssue, above: readonly PropertyKey[]): Problem[] {
  const parts = [...above, ...issue.path].map(String)
  const path = parts.join('.')
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => ({ path: path === '' ? key : `${path}.${key}`, message: unknownKey(path, key) }))
  // `listen` is the one union with an object in it: whoever wrote an object wants to hear what is wrong inside.
  if (issue.code === 'invalid_union' && path === 'listen') {
    const inside = issue.errors.find((issues) =>
      issues.every((one) => one.path.length > 0 || one.code === 'unrecognized_keys'),
    )
    if (inside !== undefined) return inside.flatMap((one) => problemsOfIssue(one, parts))
    return [{ path, message: 'must be "auto", or an object with lists "udp", "tcp", "tls" and "https"' }]
  }
  if (issue.code === 'invalid_type' && issue.expected === 'object' && keysOf(path) !== undefined)
    return [{ path, message: 'must be an object' }]
  return [{ path, message: issue.message }]
}

function unknownKey(section: string, key: string): string {
  const near = nearest(key, keysOf(section) ?? [])
  if (near !== undefined) return `unknown key; did you mean \`${near}\`?`
  const elsewhere = leaves.find(({ path }) => path.split('.').at(-1) === key)
  return elsewhere === undefined ? 'unknown key' : `unknown key; did you mean \`${elsewhere.path}\`?`
}

/** Adds to each problem where its value was given. */
export function located<P extends Problem>(
  problems: readonly P[],
  assignments: ReadonlyMap<string, Assignment>,
  document: JsonDocument | undefined,
  file: string | undefined,
): P[] {
  return problems.map((problem) => {
    // A flag that names no key has no place in the file.
    if (problem.where !== undefined) return problem
    for (let path = problem.path; path !== ''; path = path.split('.').slice(0, -1).join('.')) {
      const assignment = assignments.get(path)
      if (assignment !== undefined && assignment.source !== 'file') return { ...problem, where: assignment.where }
      const place = document?.places.get(path)
      if (place !== undefined) return { ...problem, where: `${file}:${place.line}:${place.column}` }
    }
    return problem
  })
}

/** Where nothing may be passed over. Throws CONFIG_INVALID with all that is wrong in files; returns when nothing is. */
export function refuseFaults(faults: readonly FileFault[]): void {
  if (faults.length > 0) throw invalid(faults)
}

export function invalid(
  problems: readonly Problem[],
): ChordnsError<'CONFIG_INVALID', { problems: readonly Problem[] }> {
  const told = problems.slice(0, limits.MAX_PROBLEMS)
  const lines = told.map(({ path, message, where }) => `${path}: ${message}${where === undefined ? '' : ` (${where})`}`)
  if (told.length < problems.length) lines.push(`and ${problems.length - told.length} more`)
  const text =
    lines.length === 1
      ? `configuration: ${lines[0]}`
      : `configuration, ${problems.length} problems:\n  ${lines.join('\n  ')}`
  return new ChordnsError('CONFIG_INVALID', text, { problems })
}

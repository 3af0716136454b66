/**
 * Bounds stand in the `limits.ts` of their room, each with its reason, so that they can be read, and changed, together. A greatest value that a
 * format or a standard sets is no bound of ours: its comment says so, and it stays where it is read.
 */
import type { SourceFile, Violation } from './sources.ts'

const CONSTANT =
  /^(?:export )?const (?!LEAST|MIN)((?:[A-Z0-9]+_)*(?:MAX|MOST|SLOTS|LIMITS)(?:_[A-Z0-9]+)*)(?:: [^=]+)? = (.*)$/
const LITERAL = /^[-\d_.xa-fn\s*+()]+$/i
const SET_ELSEWHERE = /\bRFC \d|\bformat\b|\bfield\b/i

/** Finds `const MAX_THINGS = 64` and `const LIMITS = {` outside of `limits.ts`. What is reckoned from other names is no new bound. */
export function ownBounds(sources: readonly SourceFile[]): Violation[] {
  return sources.filter(({ path }) => !path.endsWith('/limits.ts')).flatMap(boundsOf)
}

function boundsOf({ path, text }: SourceFile): Violation[] {
  const lines = text.split('\n')
  return lines.flatMap((line, at) => {
    const [, name, value] = CONSTANT.exec(line) ?? []
    if (name === undefined || !(LITERAL.test(value!) || (name === 'LIMITS' && value!.startsWith('{')))) return []
    if (SET_ELSEWHERE.test(commentAbove(lines, at))) return []
    const message = `${name} is a bound: it goes to limits.ts, or its comment says which RFC or format sets it`
    return [{ path, line: at + 1, message }]
  })
}

/** The comment of a constant, or of the constants that it stands among. */
function commentAbove(lines: readonly string[], at: number): string {
  let end = at
  while (end > 0 && /^(?:export )?const /.test(lines[end - 1]!)) end--
  let start = end
  while (start > 0 && /^(?:\/\*\*| \*|\/\/)/.test(lines[start - 1]!)) start--
  return lines.slice(start, end).join('\n')
}

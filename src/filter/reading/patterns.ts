/** Patterns with stars, such as `ads*.example.com`: where they are looked for, and what they match. */
import { limits } from '../limits.ts'

/** `|` in front: from the beginning of the name; else from the beginning of any label. */
export type Pattern = string

/** The labels behind the last star, which every name that matches ends with; '' when there are none. Undefined: no pattern that is read. */
export function fixedEnd(pattern: Pattern): string | undefined {
  const text = pattern.startsWith('|') ? pattern.slice(1) : pattern
  if (!/^[a-z0-9_.*-]+$/.test(text)) return undefined
  if (text.split('*').length - 1 > limits.MAX_STARS) return undefined
  const last = text.slice(text.lastIndexOf('*') + 1)
  const dot = last.indexOf('.')
  return dot === -1 ? '' : last.slice(dot + 1)
}

/** `name`: in lower case, without a dot at the end. */
export function matchesPattern(pattern: Pattern, name: string): boolean {
  if (pattern.startsWith('|')) return matchesWhole(pattern.slice(1), name)
  for (let at = 0; ; ) {
    if (matchesWhole(pattern, name.slice(at))) return true
    const dot = name.indexOf('.', at)
    if (dot === -1) return false
    at = dot + 1
  }
}

/** A star stands for any characters, dots too. Greedy with one step back: linear in practice, quadratic at worst in 253 characters. */
function matchesWhole(pattern: string, text: string): boolean {
  let p = 0
  let t = 0
  let star = -1
  let mark = 0
  while (t < text.length) {
    if (p < pattern.length && pattern[p] === '*') {
      star = p++
      mark = t
    } else if (p < pattern.length && pattern[p] === text[t]) {
      p++
      t++
    } else if (star !== -1) {
      p = star + 1
      t = ++mark
    } else return false
  }
  while (p < pattern.length && pattern[p] === '*') p++
  return p === pattern.length
}

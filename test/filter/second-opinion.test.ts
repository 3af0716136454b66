/**
 * Odd lines of lists, and what another reader made of them: `second-opinion/opinions.json`, written by `second-opinion/make.ts` once. Where the two differ there is a reason, and it stands here.
 */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parseName } from '../../src/dns/index.ts'
import { compileLists, Matcher } from '../../src/filter/index.ts'
import { ODD_LINES } from './second-opinion/odd-lines.ts'

/** A line, and the rules that are left of it. */
type Opinion = readonly [line: string, rules: readonly string[]]

const { opinions } = JSON.parse(readFileSync(new URL('second-opinion/opinions.json', import.meta.url), 'utf8')) as {
  readonly opinions: readonly Opinion[]
}

/** Why only this node takes a line, by what it has in it. */
const OURS_ONLY: Readonly<Record<string, RegExp>> = {
  'an underscore is in names that are asked for': /_dmarc|a_b/,
  'a hyphen may stand at an end of a label in DNS': /-ads|ads-\./,
  'a whole suffix can be blocked': /\b(com|co\.uk|zip|localhost|ads)\.?(?=[\s^]|$)/,
  'three numbers are no address': /192\.0\.2(?!\.1)/,
  'a comment may stand behind a name': /^\S+ #\s?why$/,
}

/** Why only the other one does. */
const THEIRS_ONLY: Readonly<Record<string, RegExp>> = {
  'no regular expressions': /^\/.*\/$/,
  'an address of its own is for local.hosts': /^192\.0\.2\.7 /,
  'a name has no # in it': /a\.example\.com#b/,
  'no label is empty': /\.\.|[\s.]\.ads|^\|\|\*\.\.ads/,
  'no label is longer than 63 octets (RFC 1035)': /a{64}/,
  'no name is longer than 255 octets (RFC 1035)': /(a\.){130}/,
  'tags of clients are not known': /ctag=/,
  'a line that takes another one out of force blocks nothing': /badfilter/,
  'a star without an anchor would be tried on every question': /^(?!\|)[^$]*\*/,
  'no part of a URL': /:\/\//,
}

function compiled(line: string) {
  const options = { name: 'l', kind: 'block', format: 'auto', rewrites: true } as const
  const { set, counts } = compileLists([{ options, bytes: new TextEncoder().encode(line) }], new Uint8Array(16))
  const matcher = new Matcher(set)
  return {
    isTaken: counts[0]!.entries > 0,
    says: (name: string) => matcher.matches(parseName(name)).map(({ rule }) => rule.action),
  }
}

const taken = opinions.map(([line, rules]) => ({ line, rules, ours: compiled(line).isTaken, theirs: rules.length > 0 }))

/** Lines without a reason, and reasons without a line. */
function unexplained(reasons: Readonly<Record<string, RegExp>>, lines: readonly string[]): readonly string[] {
  const why = Object.entries(reasons)
  const used = why.filter(([, about]) => lines.some((line) => about.test(line)))
  return [
    ...lines.filter((line) => !why.some(([, about]) => about.test(line))),
    ...why.filter((one) => !used.includes(one)).map(([reason]) => reason),
  ]
}

describe('a second opinion on odd lines', () => {
  it('is of the lines that are here', () => {
    expect(opinions.map(([line]) => line)).toEqual(ODD_LINES)
  })

  it('differs in what is taken for reasons that are known, and for no other', () => {
    expect(
      unexplained(
        OURS_ONLY,
        taken.flatMap(({ line, ours, theirs }) => (ours && !theirs ? [line] : [])),
      ),
    ).toEqual([])
    expect(
      unexplained(
        THEIRS_ONLY,
        taken.flatMap(({ line, ours, theirs }) => (theirs && !ours ? [line] : [])),
      ),
    ).toEqual([])
  })

  it('speaks of the same names, in the same sense', () => {
    let compared = 0
    for (const { line, rules, ours } of taken)
      for (const rule of ours ? rules : []) {
        // Names with a star are shown by what is below them; a rewrite says something else than block.
        const match = /^(@@)?\|{0,2}(\*\.|\.)?([\w.-]+)\^?\|?(?:\$(?!dnsrewrite).*)?$/.exec(rule)
        if (match === null) continue
        const [, isAllow, below, name] = match
        const said = compiled(line).says(below === undefined ? name! : `b.${name}`)
        expect([line, said]).toEqual([line, expect.arrayContaining([isAllow ? 'allow' : 'block'])])
        compared++
      }
    expect(compared).toBeGreaterThan(200)
  })
})

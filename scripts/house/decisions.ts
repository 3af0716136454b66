/** The decisions: each has a number of its own, which its title repeats, and whoever names one by number finds it. */
import type { SourceFile, Violation } from './sources.ts'
import { lineOf } from './sources.ts'

const FOLDER = 'docs/decisions/'

/** `decisions`: the files of docs/decisions. `readers`: whatever may name them. */
export function checkDecisions(decisions: readonly SourceFile[], readers: readonly SourceFile[]): Violation[] {
  const byNumber = new Map<string, string>()
  const wrong: Violation[] = []
  for (const { path, text } of decisions) {
    const say = (message: string) => wrong.push({ path, line: 1, message })
    const number = /^(\d{4})-[a-z0-9-]+\.md$/.exec(path.slice(FOLDER.length))?.[1]
    if (number === undefined) {
      say('a decision is called NNNN-some-words.md')
      continue
    }
    const other = byNumber.get(number)
    if (other === undefined) byNumber.set(number, path)
    else say(`${number} is the number of ${other}, too: take the next free one`)
    const titled = /^# (\d+)[.:]/.exec(text)?.[1]
    if (titled === undefined) say('the title does not begin with the number (# NNNN: what was decided)')
    else if (Number(titled) !== Number(number)) say(`the title says ${titled}, the file name ${number}`)
  }
  return [...wrong, ...readers.flatMap((reader) => deadReferences(reader, byNumber))]
}

/** By path, with or without the words of the file name; or as the decision of a number. */
function deadReferences({ path, text }: SourceFile, byNumber: ReadonlyMap<string, string>): Violation[] {
  return [...text.matchAll(/\bdecisions?(?:\/|\s+)(\d{4})(-[a-z0-9-]+(?:\.md)?)?/g)].flatMap((match) => {
    const [, number, rest] = match
    const target = byNumber.get(number!)
    const line = lineOf(text, match.index)
    if (target === undefined) return [{ path, line, message: `there is no decision ${number}` }]
    const named = `${FOLDER}${number}${rest?.replace(/\.md$/, '')}.md`
    return rest === undefined || named === target ? [] : [{ path, line, message: `${named} is ${target} now` }]
  })
}

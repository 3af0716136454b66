/** Clocks are made in io/ (the machine's) and in sim/ (the virtual one) only; a test that writes its own tests that, too. */
import type { Token } from '../imports/lexer.ts'
import { type SourceFile, tokensOf, type Violation } from './sources.ts'

const MAKERS = /^src\/(io|sim)\//

/** Finds `implements Clock`, `(): Clock {`, `(): Clock =>`, `: Clock = {` and `{ ... } as Clock`. */
export function ownClocks(files: readonly SourceFile[]): Violation[] {
  return files
    .filter(({ path }) => !MAKERS.test(path))
    .flatMap((file) => {
      const { path } = file
      const tokens = tokensOf(file)
      return tokens.flatMap(({ line }, index) =>
        makesClock(tokens, index)
          ? [{ path, line, message: 'makes a clock of its own: take virtualClock of sim/, or systemClock of io/' }]
          : [],
      )
    })
}

function makesClock(tokens: readonly Token[], index: number): boolean {
  if (tokens[index]!.kind !== 'word' || tokens[index]!.text !== 'Clock') return false
  const before = tokens[index - 1]?.text
  const after = tokens[index + 1]?.text
  if (before === 'implements' || isListOfImplemented(tokens, index)) return true
  if (before === 'as' || before === 'satisfies') return tokens[index - 2]?.text === '}'
  if (before !== ':') return false
  if (tokens[index - 2]?.text === ')') return after === '{' || after === '=>'
  return after === '=' && tokens[index + 2]?.text === '{'
}

/** class X implements A, Clock */
function isListOfImplemented(tokens: readonly Token[], index: number): boolean {
  let at = index
  while (tokens[at - 1]?.text === ',' && tokens[at - 2]?.kind === 'word') at -= 2
  return at < index && tokens[at - 1]?.text === 'implements'
}

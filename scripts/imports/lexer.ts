/**
 * Just enough of a TypeScript lexer to tell code from comments, strings, templates and regular expressions. The compiler's
 * own scanner is not a stable interface in TypeScript 7, and nothing here needs a tree.
 */

export interface Token {
  readonly kind: 'word' | 'string' | 'literal' | 'punctuation'
  /** For strings, the text between the quotes, escapes left as they are. */
  readonly text: string
  /** 1-based. */
  readonly line: number
}

const WORD = /[\p{ID_Start}$_#][\p{ID_Continue}$\u200c\u200d]*/uy
const NUMBER = /\.?\d[\w.]*/y
const REGEX = /\/(?:[^\\/[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/y
const STRING = /'(?:[^'\\\n]|\\[\s\S])*'|"(?:[^"\\\n]|\\[\s\S])*"/y
const TRIVIA = /(?:\s|\/\/[^\n]*|\/\*[\s\S]*?\*\/)+/y
const PUNCTUATION = /=>|\?\.(?!\d)|\.\.\.|[\s\S]/y

/** After these a slash divides; after anything else it opens a regular expression. */
const KEYWORDS_BEFORE_EXPRESSION = new Set(
  'return typeof instanceof in of new delete void throw case do else await yield default extends'.split(' '),
)

export function lex(text: string): Token[] {
  const tokens: Token[] = []
  /** For each open brace: does its end continue a template? */
  const braces: boolean[] = []
  let offset = text.startsWith('#!') ? text.indexOf('\n') : 0
  let line = 1

  const match = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = offset
    return pattern.exec(text)?.[0]
  }
  const advance = (length: number) => {
    for (let i = offset; i < offset + length; i++) if (text.charCodeAt(i) === 10) line++
    offset += length
  }
  const push = (kind: Token['kind'], value: string, length = value.length) => {
    tokens.push({ kind, text: value, line })
    advance(length)
  }
  /** From a backtick or the brace that ends a substitution, up to the closing backtick or the next substitution. */
  const template = () => {
    let end = offset + 1
    while (end < text.length && text[end] !== '`' && !text.startsWith('${', end)) end += text[end] === '\\' ? 2 : 1
    if (text[end] === '$') {
      braces.push(true)
      end++
    }
    push('literal', '`', end + 1 - offset)
    // The substitution is code between brackets of its own, so that what encloses it is seen as such.
    if (text[end] === '{') tokens.push({ kind: 'punctuation', text: '(', line })
  }

  while (offset < text.length) {
    const trivia = match(TRIVIA)
    if (trivia !== undefined) {
      advance(trivia.length)
      continue
    }
    const char = text[offset]!
    if (char === '`') {
      template()
      continue
    }
    if (char === '}' && braces.pop() === true) {
      tokens.push({ kind: 'punctuation', text: ')', line })
      template()
      continue
    }
    if (char === '{') braces.push(false)
    const string = match(STRING)
    if (string !== undefined) {
      push('string', string.slice(1, -1), string.length)
      continue
    }
    const word = match(WORD)
    if (word !== undefined) {
      push('word', word)
      continue
    }
    const number = match(NUMBER)
    if (number !== undefined) {
      push('literal', number)
      continue
    }
    const regex = char === '/' && !endsOperand(tokens.at(-1)) ? match(REGEX) : undefined
    if (regex !== undefined) push('literal', regex)
    else push('punctuation', match(PUNCTUATION)!)
  }
  return tokens
}

function endsOperand(token: Token | undefined): boolean {
  if (token === undefined) return false
  if (token.kind === 'word') return !KEYWORDS_BEFORE_EXPRESSION.has(token.text)
  if (token.kind !== 'punctuation') return true
  return token.text === ')' || token.text === ']' || token.text === '}'
}

/** For each bracket token, the index of its partner. */
export function pairBrackets(tokens: readonly Token[]): ReadonlyMap<number, number> {
  const pairs = new Map<number, number>()
  const open: number[] = []
  tokens.forEach((token, index) => {
    if (token.kind !== 'punctuation') return
    if ('([{'.includes(token.text)) open.push(index)
    else if (')]}'.includes(token.text)) {
      const start = open.pop()
      if (start === undefined) return
      pairs.set(start, index)
      pairs.set(index, start)
    }
  })
  return pairs
}

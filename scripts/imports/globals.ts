/** Finds uses of the machine's clock, randomness, timers, sockets and files by name. */
import { pairBrackets, type Token } from './lexer.ts'

export interface GlobalUse {
  readonly line: number
  readonly name: string
  readonly what: string
}

/** Globals whose bare use is an effect. */
const GLOBALS: Readonly<Record<string, string>> = {
  setTimeout: 'a timer',
  setInterval: 'a timer',
  setImmediate: 'a timer',
  clearTimeout: 'a timer',
  clearInterval: 'a timer',
  clearImmediate: 'a timer',
  scheduler: 'a timer',
  performance: 'a clock',
  process: 'the process',
  console: 'the terminal',
  crypto: 'randomness',
  fetch: 'a socket',
  WebSocket: 'a socket',
  EventSource: 'a socket',
  XMLHttpRequest: 'a socket',
  Worker: 'a thread',
  MessageChannel: 'a thread',
  BroadcastChannel: 'a thread',
  navigator: 'the machine',
  require: 'a module that cannot be checked',
  eval: 'code that cannot be checked',
  globalThis: 'globals that cannot be checked',
  global: 'globals that cannot be checked',
}

/** Members and functions that draw on the system's randomness, under whatever name their module was imported. */
const RANDOM_NAMES: ReadonlySet<string> = new Set([
  'randomBytes',
  'randomFill',
  'randomFillSync',
  'randomInt',
  'randomUUID',
  'randomUUIDv7',
  'getRandomValues',
  'webcrypto',
  'generateKey',
  'generateKeySync',
  'generateKeyPair',
  'generateKeyPairSync',
  'randomSecretKey',
  'randomPrivateKey',
])

export function globalUses(tokens: readonly Token[]): GlobalUse[] {
  const code = new Code(tokens)
  const uses: GlobalUse[] = []
  tokens.forEach((token, index) => {
    if (token.kind !== 'word') return
    const found = effectOf(code, index)
    if (found !== undefined) uses.push({ line: token.line, ...found })
  })
  return uses
}

function effectOf(code: Code, index: number): Omit<GlobalUse, 'line'> | undefined {
  const { text } = code.tokens[index]!
  const member = code.isMember(index)
  const next = code.text(index + 1)
  const after = code.text(index + 2)
  if (RANDOM_NAMES.has(text)) return { name: text, what: 'randomness' }
  if (text === 'keygen' && member && next === '(' && after === ')') return { name: 'keygen()', what: 'randomness' }
  if (member || code.isNameOnly(index)) return undefined
  if (text === 'Date') return dateUse(code, index)
  if (text === 'Math') {
    if (code.isAccess(index + 1) && after !== 'random') return undefined
    return { name: after === 'random' ? 'Math.random' : 'Math', what: 'randomness' }
  }
  if (text === 'AbortSignal' && after === 'timeout') return { name: 'AbortSignal.timeout', what: 'a timer' }
  if (text === 'Atomics' && (after === 'wait' || after === 'waitAsync'))
    return { name: `Atomics.${after}`, what: 'a timer' }
  if (!Object.hasOwn(GLOBALS, text) || code.declares(text)) return undefined
  return { name: text, what: GLOBALS[text]! }
}

/** A Date made of a given number only converts; all other uses read the clock or could hide that they do. */
function dateUse(code: Code, index: number): Omit<GlobalUse, 'line'> | undefined {
  const next = code.text(index + 1)
  const after = code.text(index + 2)
  if (code.text(index - 1) === 'new') {
    return next === '(' && after !== ')' ? undefined : { name: 'new Date()', what: 'a clock' }
  }
  if (code.isAccess(index + 1) && (after === 'UTC' || after === 'parse')) return undefined
  if (code.text(index - 1) === 'instanceof') return undefined
  return { name: after === 'now' ? 'Date.now' : 'Date', what: 'a clock' }
}

/** Questions about a word's place that need no tree. */
class Code {
  readonly tokens: readonly Token[]
  readonly #pairs: ReadonlyMap<number, number>
  #declared: ReadonlySet<string> | undefined

  constructor(tokens: readonly Token[]) {
    this.tokens = tokens
    this.#pairs = pairBrackets(tokens)
  }

  text(index: number): string {
    const token = this.tokens[index]
    return token === undefined || token.kind === 'string' ? '' : token.text
  }

  isAccess(index: number): boolean {
    return this.text(index) === '.' || this.text(index) === '?.'
  }

  isMember(index: number): boolean {
    return this.isAccess(index - 1)
  }

  /** A key of an object, type or parameter, or the name of a method: the word does not refer to a variable. */
  isNameOnly(index: number): boolean {
    const before = this.text(index - 1)
    if (before === '?' || before === 'case') return false
    if (this.#isAnnotated(index)) return true
    if (this.text(index + 1) !== '(') return false
    const end = this.#pairs.get(index + 1)
    const behind = end === undefined ? '' : this.text(end + 1)
    return behind === '{' || behind === ':'
  }

  /** Is the name declared anywhere in the file (so that it is not the global)? */
  declares(name: string): boolean {
    this.#declared ??= this.#findDeclarations()
    return this.#declared.has(name)
  }

  #isAnnotated(index: number): boolean {
    return this.text(index + 1) === ':' || (this.text(index + 1) === '?' && this.text(index + 2) === ':')
  }

  #findDeclarations(): Set<string> {
    const names = new Set<string>()
    this.tokens.forEach(({ kind, text }, index) => {
      if (kind === 'word' && !this.isMember(index) && this.#isDeclaration(index)) names.add(text)
    })
    return names
  }

  #isDeclaration(index: number): boolean {
    const before = this.text(index - 1)
    if (/^(const|let|var|function|class|import|as)$/.test(before)) return true
    if (this.text(index + 1) === '=>') return true
    const open = this.#enclosing(index)
    if (open === undefined) return false
    if (this.text(open) === '(') return this.#isParameterList(open) || (this.#isAnnotated(index) && before !== '?')
    return this.#isPattern(open) && !this.#isAnnotated(index)
  }

  /** A destructuring pattern or an import clause. */
  #isPattern(open: number): boolean {
    if (this.text(open) === '(') return this.#isParameterList(open)
    if (/^(const|let|var|import|type)$/.test(this.text(open - 1))) return true
    const close = this.#pairs.get(open)!
    const outer = this.#enclosing(open)
    if (outer === undefined) return false
    if (this.text(outer) === '(' && this.text(close + 1) === ':') return true
    return /^[({[,:]$/.test(this.text(open - 1)) && this.#isPattern(outer)
  }

  /** Only arrows leave parameters without a type. */
  #isParameterList(open: number): boolean {
    const close = this.#pairs.get(open)
    return close !== undefined && this.text(close + 1) === '=>'
  }

  #enclosing(index: number): number | undefined {
    for (let i = index - 1; i >= 0; i--) {
      const text = this.text(i)
      if (text === ')' || text === ']' || text === '}') i = this.#pairs.get(i) ?? i
      else if (text === '(' || text === '[' || text === '{') return i
    }
    return undefined
  }
}

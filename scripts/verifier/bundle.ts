/**
 * Puts ES modules together into one script, without a bundler: types are stripped, each module becomes a function that gives its exports, in the order in
 * which they need each other. It knows the forms of import and export that our sources and @noble have, and throws for any other.
 */
import { readFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { dirname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

/** `instead`: files that are read in the place of others, by their absolute paths. The script defines one constant, `name`. */
export function bundle(entry: string, name: string, instead: ReadonlyMap<string, string>): string {
  const modules = new Map<string, string>()
  const parts: string[] = []
  const under = new Set<string>()

  const use = (path: string): string => {
    const file = instead.get(path) ?? path
    const known = modules.get(file)
    if (known !== undefined) return known
    if (under.has(file)) throw new Error(`a circle at ${file}`)
    under.add(file)
    const { body, names } = translate(file, (from, wanted) => use(instead.has(from) ? from : homeOf(from, wanted)))
    const variable = `m${modules.size}`
    modules.set(file, variable)
    parts.push(`const ${variable} = (() => {\n${body}\nreturn { ${names.join(', ')} }\n})()`)
    return variable
  }

  const last = use(entry)
  return `const ${name} = (() => {\n'use strict'\n${parts.join('\n')}\nreturn ${last}\n})()\n`
}

const IMPORT = /^import\s*(?:\{([^}]*)\}|\*\s*as\s+(\w+))\s*from\s*['"]([^'"]+)['"];?/gm
const REEXPORT = /^export\s*\{([^}]*)\}\s*from\s*['"]([^'"]+)['"];?/gm
const EXPORT_LIST = /^export\s*\{([^}]*)\};?/gm
const EXPORT_DECLARED = /^export\s+((?:async\s+)?function\s*\*?|class|const|let)\s+(\w+|\{[^}]*\})/gm

interface Translated {
  readonly body: string
  /** As they stand in an object: `a`, or `a: b`. */
  readonly names: readonly string[]
}

/** `use`: the variable of the module that has a name; undefined: of the whole file. */
function translate(file: string, use: (path: string, name: string | undefined) => string): Translated {
  const names: string[] = []
  const read = readFileSync(file, 'utf8')
  let body = withoutComments(file.endsWith('.ts') ? stripTypeScriptTypes(read) : read)
  const find = (specifier: string) => pathOf(specifier, file)
  body = body.replace(REEXPORT, (_, list: string, from: string) => {
    const wanted = pairsOf(list)
    for (const [inner, outer] of wanted) names.push(`${outer}: ${use(find(from), inner)}.${inner}`)
    return ''
  })
  body = body.replace(IMPORT, (_, list: string | undefined, all: string | undefined, from: string) => {
    if (all !== undefined) return `const ${all} = ${use(find(from), undefined)}`
    const lines = pairsOf(list ?? '').map(([inner, outer]) => `const ${outer} = ${use(find(from), inner)}.${inner}`)
    return lines.join('\n')
  })
  body = body.replace(EXPORT_LIST, (_, list: string) => {
    for (const [inner, outer] of pairsOf(list)) names.push(`${outer}: ${inner}`)
    return ''
  })
  body = body.replace(EXPORT_DECLARED, (_, kind: string, what: string) => {
    names.push(...(what.startsWith('{') ? pairsOf(what.slice(1, -1)).map(([, outer]) => outer) : [what]))
    return `${kind} ${what}`
  })
  const other = /^(?:import|export)\b.*/m.exec(body)
  if (other !== null) throw new Error(`${file}: ${other[0]}`)
  return { body: body.replace(/\n\s*\n+/g, '\n'), names }
}

/** Of an index only the file that a name comes from is taken: the rest of a room stays out. */
function homeOf(path: string, name: string | undefined): string {
  if (!path.endsWith('/index.ts') || name === undefined) return path
  for (const [, list, from] of stripTypeScriptTypes(readFileSync(path, 'utf8')).matchAll(REEXPORT))
    if (pairsOf(list!).some(([inner, outer]) => outer === name && inner === name)) return pathOf(from!, path)
  return path
}

/** `a, b as c` as [a, a], [b, c]. */
function pairsOf(list: string): [inner: string, outer: string][] {
  const items = list.split(',').map((item) => item.trim())
  return items
    .filter((item) => item !== '')
    .map((item) => {
      const [inner, outer = inner] = item.split(/\s+as\s+|\s*:\s*/)
      return [inner!, outer!]
    })
}

function pathOf(specifier: string, from: string): string {
  if (specifier.startsWith('.')) return resolve(dirname(from), specifier)
  const name = specifier === 'cborg' ? 'cborg/cborg.js' : specifier
  return resolve(root(from), 'node_modules', name)
}

/** Where the packages are, from a file of ours or of one of them. */
function root(from: string): string {
  const inside = from.indexOf('/node_modules/')
  return inside < 0 ? fileURLToPath(new URL('../..', import.meta.url)) : from.slice(0, inside)
}

/** Those that have lines of their own. */
function withoutComments(source: string): string {
  return source.replace(/^[ \t]*\/\*(?:(?!\*\/)[\s\S])*\*\/[ \t]*$/gm, '').replace(/^[ \t]*\/\/.*$/gm, '')
}

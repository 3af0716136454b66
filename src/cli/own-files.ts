/**
 * Where this program's own files are: what one of them imports by a relative name is where the name says. Node would look each up on the disk, follow links, and ask
 * package.json what kind of file it is: a tenth of the CPU of a start. The same goes for what a module of a package
 * imports of the same package. Only of this thread.
 */
import { registerHooks } from 'node:module'

/** With its end: of the sources, or of a build. */
const ROOT = new URL('../', import.meta.url).href

export function findOwnFiles(): void {
  registerHooks({
    resolve: (specifier, context, next) => {
      const { parentURL: parent } = context
      const own = ownFile(specifier, parent)
      if (own !== undefined) return { url: own, format: formatOf(own), shortCircuit: true }
      const url = oneLanguage(specifier, parent) ?? besideInPackage(specifier, parent)
      return url === undefined ? next(specifier, context) : { url, shortCircuit: true }
    },
  })
}

/** Undefined: Node has to look. */
export function ownFile(specifier: string, parent: string | undefined, root = ROOT): string | undefined {
  if (!/^\.\.?\/.*\.[jt]s$/.test(specifier) || parent?.startsWith(root) !== true) return undefined
  const { href } = new URL(specifier, parent)
  return href.startsWith(root) ? href : undefined
}

/** What a module of a package imports by the whole name of a file beside it. Undefined: Node has to look. */
export function besideInPackage(specifier: string, parent: string | undefined): string | undefined {
  if (!/^\.\.?\/.*\.js$/.test(specifier) || parent?.includes('/node_modules/') !== true) return undefined
  const { href } = new URL(specifier, parent)
  // Not out of the package, and not into one that is inside it.
  return packageOf(href) === packageOf(parent) ? href : undefined
}

/** `file:///opt/chordns/node_modules/zod/v4/core/core.js` -> `file:///opt/chordns/node_modules/zod`. */
function packageOf(url: string): string | undefined {
  return /^(.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(url)?.[1]
}

/**
 * zod exports what it says in sixty languages, each a file, and nobody here asks for one by name: they are the one that it speaks by itself. A build leaves them out as it is.
 * Undefined: it is something else.
 */
export function oneLanguage(specifier: string, parent: string | undefined): string | undefined {
  const isAll =
    specifier === '../locales/index.js' &&
    /\/node_modules\/zod\/v4\/(classic\/external|core\/index)\.js$/.test(parent ?? '')
  return isAll ? new URL('../locales/en.js', parent).href : undefined
}

function formatOf(url: string): 'module' | 'module-typescript' {
  return url.endsWith('.ts') ? 'module-typescript' : 'module'
}

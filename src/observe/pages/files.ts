/**
 * The files of the dashboard: its own scripts and styles, and those of a few packages as npm brings them. There is no bundler and no import map: names
 * of packages in imports are replaced by paths when a file is read, so that the policy of the page needs nothing `unsafe` and no hash.
 */
import { existsSync, readFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { fileURLToPath } from 'node:url'
import type { PageFile } from '../status-server.ts'

const WEB = new URL('../web/', import.meta.url)

/** What pages may import by name: path below /web/vendor/ -> module. */
const PACKAGES: Readonly<Record<string, string>> = {
  preact: 'preact',
  'preact/hooks': 'preact/hooks',
  htm: 'htm',
  '@preact/signals': '@preact/signals',
  '@preact/signals-core': '@preact/signals-core',
  uplot: 'uplot/dist/uPlot.esm.js',
  uqr: 'uqr',
}
const UPLOT_STYLE = 'uplot/dist/uPlot.min.css'

const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>chordns</title>
<link rel="icon" href="/web/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/web/vendor/uplot.css">
<link rel="stylesheet" href="/web/style.css">
<script type="module" src="/web/app.js"></script>
</head>
<body><div id="app"></div><noscript>This page needs JavaScript. <code>chordns status</code> and <code>chordns top</code> say the same.</noscript></body>
</html>
`

const HEADERS = {
  'cache-control': 'no-cache',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'x-frame-options': 'DENY',
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
}

const TYPES: Readonly<Record<string, string>> = {
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
}

/** Reads each file when it is asked for first, and keeps it. */
export function createPages(): (path: string) => PageFile | undefined {
  const kept = new Map<string, PageFile>()
  return (path) => {
    const known = kept.get(path)
    if (known !== undefined) return known
    const file = read(path)
    // Only what is there is kept: its number has an end.
    if (file !== undefined) kept.set(path, file)
    return file
  }
}

function read(path: string): PageFile | undefined {
  if (path === '/') return fileOf('text/html; charset=utf-8', PAGE)
  const name = /^\/web\/((?:[a-z0-9-]+\/)*[a-z0-9-]+)\.(js|css|svg)$/.exec(path)
  if (name !== null && !name[1]!.startsWith('vendor/')) return ownFile(name[1]!, name[2]!)
  if (path === '/web/vendor/uplot.css') return fileOf(TYPES['css']!, readFileSync(packageFile(UPLOT_STYLE), 'utf8'))
  const module = Object.entries(PACKAGES).find(([name]) => path === vendorPath(name))?.[1]
  if (module === undefined) return undefined
  return fileOf(TYPES['js']!, withPaths(readFileSync(packageFile(module), 'utf8')))
}

/** `app.js` is made of app.ts where the sources run as they are. */
function ownFile(name: string, ending: string): PageFile | undefined {
  const file = fileURLToPath(new URL(`${name}.${ending}`, WEB))
  if (existsSync(file)) {
    const text = readFileSync(file, 'utf8')
    return fileOf(TYPES[ending]!, ending === 'js' ? withPaths(text) : text)
  }
  const source = fileURLToPath(new URL(`${name}.ts`, WEB))
  if (ending !== 'js' || !existsSync(source)) return undefined
  return fileOf(TYPES['js']!, withPaths(withoutTypes(readFileSync(source, 'utf8'))))
}

/** Node says once that this is an experiment, which is nothing that an operator can do something about. */
function withoutTypes(source: string): string {
  const { emitWarning } = process
  process.emitWarning = () => {}
  try {
    return stripTypeScriptTypes(source)
  } finally {
    process.emitWarning = emitWarning
  }
}

function packageFile(module: string): string {
  return fileURLToPath(import.meta.resolve(module))
}

function vendorPath(name: string): string {
  return `/web/vendor/${name.replace('@', '')}.js`
}

/** Of static imports and exports: ` from "preact"` -> ` from "/web/vendor/preact.js"`, ` from './ring.ts'` -> ` from './ring.js'`. */
function withPaths(script: string): string {
  return script
    .replace(/\b(from\s*|import\s*)(["'])([@a-z][^"'\n]*)\2/g, (whole, before: string, _, name: string) =>
      Object.hasOwn(PACKAGES, name) ? `${before}"${vendorPath(name)}"` : whole,
    )
    .replace(/\b(from\s*|import\s*)(["'])(\.[^"'\n]*)\.ts\2/g, '$1"$3.js"')
    .replace(/^\/\/# sourceMappingURL=.*$/gm, '')
}

function fileOf(type: string, text: string): PageFile {
  return { headers: { ...HEADERS, 'content-type': type }, body: Buffer.from(text) }
}

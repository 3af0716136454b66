/**
 * What an installation is, wherever it comes from: the files that npm packs, the modules that they need, and the Node that runs them, in one
 * directory. The Debian package and the container image both begin with it.
 */
import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'

export const ROOT = resolve(import.meta.dirname, '../..')

export interface LayOut {
  /** The directory to make; its parent is made, too. */
  readonly to: string
  /** What `npm pack` made. Left out: it is made now, which builds `dist`. */
  readonly packed?: string | undefined
}

/** A module of an installation, with what its package.json says of it. */
export interface Module {
  /** `node_modules/@libp2p/tcp`. */
  readonly path: string
  readonly name: string
  readonly version: string
  readonly license: string
}

/** Only for building native code, for compilers of TypeScript, debuggers and people: half of what npm installs. */
const UNUSED: readonly RegExp[] = [
  /^node_modules\/koffi\/(src|vendor|doc)(\/|$)/,
  /^node_modules\/node-linux-[^/]+\/(include|share)(\/|$)/,
  // For systems with another C library than the Node has.
  /^node_modules\/@koromix\/.*\/musl_[^/]+(\/|$)/,
  /\.(d\.[cm]?ts|map)$/,
  /(^|\/)\.(npmignore|git[^/]*|editorconfig)$/,
  /(^|\/)(CHANGELOG|README)[^/]*\.(md|markdown)$/i,
]

/** Throws with what to do when a module is missing, or the Node for this machine. */
export function layOut({ to, packed }: LayOut): readonly Module[] {
  mkdirSync(to, { recursive: true })
  unpack(to, packed)
  const modules = productionModules()
  if (!modules.some(({ name }) => name === `node-linux-${process.arch}`))
    throw new Error(`node_modules has no Node for ${process.arch}: run npm ci on such a machine first`)
  for (const { path } of modules) copyModule(path, to)
  return modules
}

function unpack(to: string, packed: string | undefined): void {
  const scratch = mkdtempSync(join(tmpdir(), 'chordns-pack-'))
  try {
    if (packed === undefined)
      execFileSync('npm', ['pack', '--silent', '--pack-destination', scratch], {
        cwd: ROOT,
        stdio: ['ignore', 'ignore', 'inherit'],
      })
    const archive = packed ?? join(scratch, readdirSync(scratch)[0]!)
    execFileSync('tar', ['-xzf', archive, '-C', to, '--strip-components=1', '--no-same-owner'])
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}

/** By the lockfile, so that what else lies in node_modules stays out. Modules for other machines are not there, and are passed over. */
function productionModules(): Module[] {
  const { packages } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as {
    readonly packages: Readonly<Record<string, { dev?: boolean; devOptional?: boolean; optional?: boolean }>>
  }
  return Object.entries(packages)
    .filter(([path, { dev, devOptional }]) => path !== '' && !dev && !devOptional)
    .flatMap(([path, { optional }]) => {
      if (existsSync(join(ROOT, path))) return [moduleAt(path)]
      if (optional) return []
      throw new Error(`${path} is missing: run npm ci first`)
    })
    .sort((a, b) => (a.path < b.path ? -1 : 1))
}

function moduleAt(path: string): Module {
  const {
    name,
    version,
    license = 'unknown',
  } = JSON.parse(readFileSync(join(ROOT, path, 'package.json'), 'utf8')) as Omit<Module, 'path'>
  return { path, name, version, license }
}

function copyModule(path: string, to: string): void {
  cpSync(join(ROOT, path), join(to, path), {
    recursive: true,
    dereference: true,
    filter: (source) => {
      const inside = source.slice(ROOT.length + 1)
      // What is below comes by its own line of the lockfile.
      if (inside !== path && basename(inside) === 'node_modules') return false
      return !UNUSED.some((pattern) => pattern.test(inside))
    },
  })
}

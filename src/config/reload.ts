/** What becomes of each changed key when a running node reads its configuration again. */
import { isDeepStrictEqual } from 'node:util'
import type { Setting } from './types.ts'

/** Keys, and sections of them, that are read only when a node starts: sockets, identity, sizes of tables. */
const AT_START: readonly string[] = [
  'listen',
  'serve',
  'cache',
  'devices',
  'ring',
  'chunks',
  'data',
  'status',
  'iterator.bind',
  // The cache must keep what has expired for it.
  'resolver.serveStale',
]

/** Sections of these that can change after all. */
const LIVE: readonly string[] = ['cache.prefetch', 'serve.repliesPerSecond', 'serve.slip']

export interface ReloadPlan {
  /** Paths whose new values come into force. */
  readonly applied: readonly string[]
  /** Paths whose values differ from those in force, and need a restart. */
  readonly needRestart: readonly string[]
  /** What is in force after the reload. */
  readonly inForce: readonly Setting[]
}

/** `inForce`: of the running node; `wanted`: of the configuration as it is now. */
export function planReload(inForce: readonly Setting[], wanted: readonly Setting[]): ReloadPlan {
  const before = new Map(inForce.map((setting) => [setting.path, setting]))
  const changed = wanted.filter(({ path, value }) => !isDeepStrictEqual(before.get(path)?.value, value))
  return {
    applied: changed.filter(({ path }) => !isReadAtStart(path)).map(({ path }) => path),
    needRestart: changed.filter(({ path }) => isReadAtStart(path)).map(({ path }) => path),
    inForce: wanted.map((setting) => (isReadAtStart(setting.path) ? (before.get(setting.path) ?? setting) : setting)),
  }
}

function isReadAtStart(path: string): boolean {
  const isIn = (section: string) => path === section || path.startsWith(`${section}.`)
  return AT_START.some(isIn) && !LIVE.some(isIn)
}

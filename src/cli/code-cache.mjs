/**
 * Compiled code that is kept from one run to the next: without it, each start compiles hundreds of files anew (docs/decisions/0145). Whoever can write
 * there runs code in this process: the directory belongs to this user alone, or is not used. JavaScript, since it comes before the cache: for a file with
 * types that is not in there Node loads a compiler, which stays in memory (docs/decisions/0168).
 */
import { mkdirSync, statSync } from 'node:fs'
import { enableCompileCache } from 'node:module'
import { isAbsolute, join } from 'node:path'

/** Threads that are started later use it, too. Where there is no place for it, the program runs without. Twice is once. */
export function useCodeCache(env = process.env) {
  const directory = codeCacheOf(env)
  if (directory === undefined) return
  enableCompileCache(directory)
  // Threads look there.
  env['NODE_COMPILE_CACHE'] = directory
}

/** Made if need be. Undefined: the operator has set Node's own variables, or there is no place that nobody else can write to. */
export function codeCacheOf(env, user = process.geteuid?.()) {
  if (env['NODE_COMPILE_CACHE'] !== undefined || env['NODE_DISABLE_COMPILE_CACHE'] !== undefined) return undefined
  const own = ownCacheOf(env)
  if (own === undefined) return undefined
  const directory = join(own, 'code')
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 })
    return isOurs(own, user) && isOurs(directory, user) ? directory : undefined
  } catch {
    return undefined
  }
}

/** That of the service (systemd's CacheDirectory=), else that of the user. */
function ownCacheOf(env) {
  const service = env['CACHE_DIRECTORY']?.split(':')[0]
  if (service !== undefined && isAbsolute(service)) return service
  const { XDG_CACHE_HOME: cache, HOME: home } = env
  if (cache !== undefined && isAbsolute(cache)) return join(cache, 'chordns')
  return home !== undefined && isAbsolute(home) ? join(home, '.cache', 'chordns') : undefined
}

/** `sudo` keeps the home of whoever calls it: what is theirs is nothing for root. */
function isOurs(path, user) {
  const { uid, mode } = statSync(path)
  return user === undefined || (uid === user && (mode & 0o022) === 0)
}

/** Proofs that somebody may sign in: a password of which a file has the scrypt hash (RFC 7914), or a key that only the node's own user can read. */
import { createHmac, randomBytes, scrypt, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import { limits } from '../limits.ts'

const derive = promisify<string, Buffer, number, object, Buffer>(scrypt)

/** 32 MiB and about 60 ms a try. */
const COST = { N: 2 ** 15, r: 8, p: 1, maxmem: 2 ** 26 }
const HASH_BYTES = 32

/** The line of the file. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16)
  const hash = await derive(password.normalize('NFKC'), salt, HASH_BYTES, COST)
  return `scrypt:${COST.N}:${COST.r}:${COST.p}:${salt.toString('base64url')}:${hash.toString('base64url')}`
}

/** False as well for a line that is none of ours, or asks for more work than we ever do. */
export async function isPassword(line: string, password: string): Promise<boolean> {
  const [kind, n, r, p, salt = '', hash = ''] = line.trim().split(':')
  const [N, blocks, lanes] = [Number(n), Number(r), Number(p)]
  if (kind !== 'scrypt' || !(N <= COST.N) || !(blocks <= COST.r) || !(lanes <= COST.p)) return false
  const wanted = Buffer.from(hash, 'base64url')
  if (wanted.length !== HASH_BYTES) return false
  const cost = { ...COST, N, r: blocks, p: lanes }
  const found = await derive(password.normalize('NFKC'), Buffer.from(salt, 'base64url'), HASH_BYTES, cost)
  return timingSafeEqual(found, wanted)
}

/** What `chordns dashboard` puts into the address of the page: good for five minutes. `now`: unix ms. */
export function signInKey(secret: string, now: number): string {
  const until = Math.floor(now + limits.KEY_MS)
  return `${until}.${markOf(secret, until)}`
}

export function isSignInKey(secret: string, key: string, now: number): boolean {
  const [until = '', mark = ''] = key.split('.')
  const end = Number(until)
  if (!(end > now && end <= now + limits.KEY_MS + 60_000)) return false
  const [given, wanted] = [Buffer.from(mark), Buffer.from(markOf(secret, end))]
  return given.length === wanted.length && timingSafeEqual(given, wanted)
}

function markOf(secret: string, until: number): string {
  return createHmac('sha256', secret.trim()).update(`chordns dashboard ${until}`).digest('hex')
}

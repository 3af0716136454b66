/** Names as NSEC3 chains order them, and what hashing one costs (RFC 5155 section 5). */
import { type Budget, latin1 } from '../../base/index.ts'
import { nsec3Digest } from '../../crypto/index.ts'
import { canonicalName, type Name } from '../../dns/index.ts'
import { limits } from '../limits.ts'

export const SHA1_BYTES = 20

export interface Nsec3Params {
  readonly iterations: number
  readonly salt: Uint8Array
}

/** 20 octets as a latin1 string, as in `Nsec3Record.owner`. Throws BUDGET_SPENT. */
export function nsec3Hash(name: Name, { iterations, salt }: Nsec3Params, budget: Budget): string {
  budget.spend('hashes', hashPrice(iterations, salt.length))
  return latin1(nsec3Digest(canonicalName(name).wire, salt, iterations))
}

/** Units of the budget for one hashed name: work grows with the iterations and with the blocks that the salt fills. */
export function hashPrice(iterations: number, saltBytes: number): number {
  const blocks = Math.ceil((SHA1_BYTES + saltBytes + 9) / limits.SALT_BYTES_PER_BLOCK)
  return 1 + Math.ceil((iterations * blocks) / limits.ITERATIONS_PER_UNIT)
}

/** The hash that a label writes in base32hex without padding, in either case: 32 digits are 20 octets. Undefined when it writes none. */
export function hashOfLabel(label: Uint8Array): string | undefined {
  if (label.length !== 32) return undefined
  let text = ''
  let held = 0
  let bits = 0
  for (const octet of label) {
    const digit = DIGITS.indexOf(String.fromCharCode(octet).toLowerCase())
    if (digit < 0) return undefined
    held = ((held << 5) | digit) & 0xfff
    bits += 5
    if (bits >= 8) {
      bits -= 8
      text += String.fromCharCode((held >> bits) & 0xff)
    }
  }
  return text
}

const DIGITS = '0123456789abcdefghijklmnopqrstuv'

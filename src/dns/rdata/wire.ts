/** RDATA inside a message: names in it expanded, its length enforced exactly. */
import { malformed } from '../errors.ts'
import { limits } from '../limits.ts'
import { skipPlainName } from '../names/names.ts'
import type { NameReader } from '../names/names-wire.ts'
import { checkedShape } from './canonical.ts'
import type { Shape } from './table.ts'

/** Expanding may add a name's length for each of the up to three names of a type. */
const scratch = new Uint8Array(limits.MAX_MESSAGE_BYTES + 3 * limits.MAX_NAME_BYTES)

/** The uncompressed RDATA in `[start, end)` of a message, as a copy. Throws DNS_MALFORMED. */
export function takeRdata(
  message: Uint8Array,
  start: number,
  end: number,
  type: number,
  klass: number,
  names: NameReader,
): Uint8Array {
  const shape = checkedShape(type, klass, end - start)
  if (shape === undefined) return message.slice(start, end)
  if (shape.names === undefined) {
    checkSteps(message, start, end, shape)
    return message.slice(start, end)
  }
  return expand(message, start, end, shape, names)
}

function checkSteps(message: Uint8Array, start: number, end: number, shape: Shape): void {
  let at = start
  for (const step of shape.steps) at = step === 'name' ? skipPlainName(message, at, end) : after(step, message, at, end)
  if (at !== end) throw malformed(at, 'octets left over in the rdata')
}

function expand(message: Uint8Array, start: number, end: number, shape: Shape, names: NameReader): Uint8Array {
  let at = start
  let length = 0
  for (const step of shape.steps) {
    if (step === 'name') {
      length += names.readInto(at, end, scratch, length)
      at = names.next
      continue
    }
    const next = after(step, message, at, end)
    while (at < next) scratch[length++] = message[at++]!
  }
  if (at !== end) throw malformed(at, 'octets left over in the rdata')
  if (length > 0xffff) throw malformed(start, 'rdata that is longer than RDLENGTH can say once its names are expanded')
  return scratch.slice(0, length)
}

function after(step: number | 'string' | 'rest', message: Uint8Array, at: number, end: number): number {
  if (step === 'rest') return end
  if (step === 'string' && at >= end) throw malformed(at, 'the rdata ends early')
  const next = at + (step === 'string' ? 1 + message[at]! : step)
  if (next > end) throw malformed(at, 'the rdata ends early')
  return next
}

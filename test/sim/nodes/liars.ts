/** Members that misbehave: what stands between such a node and the network, and what it does unasked. */
import type { RequestHandler, RingId, Transport } from '../../../src/base/index.ts'
import { decodeDigestRequest, encodeDigestReply, isDigestRequest } from '../../../src/chunks/wire/digest-messages.ts'
import { decodeRequest } from '../../../src/chunks/wire/messages.ts'
import { RequestRoom } from '../../../src/peer/rooms.ts'
import { parseRingId } from '../../../src/ring/index.ts'
import { decodeReply as decodeRingReply, decodeRequest as decodeRingRequest } from '../../../src/ring/wire/decode.ts'
import { encodeMessage } from '../../../src/ring/wire/encode.ts'
import { createLiar } from '../ring/liars.ts'
import { HABITS as RECORD_HABITS, type Habit as RecordHabit } from '../ring/plan.ts'
import { type Attack, insist, MOST_REPEATS, mint, peep, race, renew, repeat } from './attacks.ts'
import { lie, SITES } from './internet.ts'
import type { Machine } from './machine.ts'
import type { Habit } from './plan.ts'
import type { World } from './world.ts'

/** The transport of a member with this habit. */
export function misbehaving(habit: Habit, world: World, machine: Machine, inner: Transport): Transport {
  if (isRecordHabit(habit)) return answering(inner, recordLiar(habit, world, machine))
  const attack = ATTACKS[habit]
  if (attack !== undefined) insist(attack, world, machine, inner, habit === 'repeating' ? MOST_REPEATS : undefined)
  const trick = TRICKS[habit]?.(world, machine)
  return trick === undefined ? inner : answering(inner, trick)
}

const ATTACKS: Partial<Record<Habit, Attack>> = {
  minting: mint,
  renewing: renew,
  repeating: repeat,
  peeping: peep,
  racing: race,
}

const TRICKS: Partial<Record<Habit, (world: World, machine: Machine) => Trick>> = {
  withholding: (world) => (_, body) => {
    if (body[0] !== RequestRoom.CHUNKS || isDigestRequest(body.subarray(1))) return undefined
    if (decodeRequest(body.subarray(1)).kind !== 'reveal') return undefined
    world.count('lie withholding')
    return () => new Promise(() => {})
  },
  // Whatever it is asked for, it has it; or nothing of it.
  digests: (world, machine) => (_, body) => {
    if (body[0] !== RequestRoom.CHUNKS || !isDigestRequest(body.subarray(1))) return undefined
    world.count('lie digests')
    const fill = machine.index % 2 === 0 ? 0xff : 0
    const bits = new Uint8Array(64).fill(fill)
    return async () => encodeDigestReply(decodeDigestRequest(body.subarray(1)).map(() => ({ bits })))
  },
  paging: (world, machine) => (_, body) => {
    if (body[0] !== RequestRoom.RING) return undefined
    const request = decodeRingRequest(body.subarray(1))
    if (request.type !== 'ask-page') return undefined
    world.count('lie paging')
    return async (honest) => {
      const page = decodeRingReply(await honest())
      if (page.type !== 'page') return honest()
      const next = idAfter(request.after)
      return encodeMessage({ ...page, self: machine.life!.rooms.ring.self, entries: [], next })
    }
  },
}

/** The next id, so that there is always one more page. */
function idAfter(after: RingId | undefined): RingId {
  const next = after === undefined ? 1n : (BigInt(`0x${after}`) + 1n) % 2n ** 256n
  return parseRingId(next.toString(16).padStart(64, '0'))
}

/** Answers a request in the place of the node; undefined: the node itself does. */
type Trick = (
  ...args: Parameters<RequestHandler>
) => ((honest: () => Promise<Uint8Array>) => Promise<Uint8Array>) | undefined

function answering(inner: Transport, trick: Trick): Transport {
  return new Proxy(inner, {
    get(target, property) {
      if (property === 'onRequest')
        return (handler: RequestHandler) =>
          target.onRequest((from, body) => {
            const mine = trick(from, body)
            return mine === undefined ? handler(from, body) : mine(async () => handler(from, body))
          })
      const value: unknown = Reflect.get(target, property, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

function isRecordHabit(habit: Habit): habit is RecordHabit {
  return (RECORD_HABITS as readonly string[]).includes(habit)
}

/** Lies about records to those who ask. */
function recordLiar(habit: RecordHabit, world: World, machine: Machine): Trick {
  const liar = createLiar(habit, {
    signer: machine.signer,
    now: () => machine.now(),
    lie,
    chunkBits: world.plan.chunkBits,
    keys: () => world.machines.map(({ publicKey }) => publicKey),
    other: (question) => SITES.find((site) => site.question.name.key !== question.name.key)!.question,
    count: (what) => world.count(what),
  })
  return (from, body) => (body[0] !== RequestRoom.CHUNKS ? undefined : (honest) => liar(from, body.subarray(1), honest))
}

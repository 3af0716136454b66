/** What any organisation sends: value, and things that mean nothing. */
import { toHex } from '../../../../src/base/index.ts'
import { type Payload, transferPayload } from '../../../../src/ledger/index.ts'
import { type Act, type Acting, anybody, one } from './acting.ts'

export function transfer(acting: Acting): Act {
  const { random } = acting
  const actor = anybody(acting)
  const to = anybody(acting).account.publicKey
  const amount = one(random, [1, 5, 30, 999, 2_000])
  return { actor, payload: transferPayload(to, amount), deed: { kind: 'transfer', to: toHex(to), amount } }
}

export function nonsense(acting: Acting): Act {
  const { random } = acting
  const actor = anybody(acting)
  const payload = one<Payload>(random, [[99, 1], [32], [80, 1, 'x'], [60, [7, 7], true], [1_024, 1], [40, 99, null]])
  return { actor, payload, deed: { kind: 'nonsense' } }
}

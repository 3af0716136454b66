import { describe, expect, it } from 'vitest'
import {
  decideAhead,
  ed25519,
  ed25519Signer,
  SchemeAhead,
  type SignatureCheck,
  type SignatureScheme,
  verifyEd25519Elsewhere,
} from '../../src/crypto/index.ts'

const signers = Array.from({ length: 5 }, (_, i) => ed25519Signer(new Uint8Array(32).fill(i + 1)))
const message = Uint8Array.of(1, 2, 3)
const checks: SignatureCheck[] = signers.map((signer) => ({
  publicKey: signer.publicKey,
  message,
  signature: signer.sign(message),
}))
const allOf = (of: readonly SignatureCheck[]) => (scheme: SignatureScheme) =>
  of.every((one) => scheme.verify(one.publicKey, one.message, one.signature))

function changed(check: SignatureCheck, what: Partial<SignatureCheck>): SignatureCheck {
  return { ...check, ...what }
}

function flipped(bytes: Uint8Array): Uint8Array {
  const other = bytes.slice()
  other[40]! ^= 1
  return other
}

describe('signatures verified elsewhere', () => {
  it('are held by the same rule as on the own thread', async () => {
    const small = new Uint8Array(32)
    small[0] = 1
    const odd: SignatureCheck[] = [
      ...checks,
      changed(checks[0]!, { signature: flipped(checks[0]!.signature) }),
      changed(checks[0]!, { message: Uint8Array.of(9) }),
      changed(checks[0]!, { publicKey: checks[1]!.publicKey }),
      changed(checks[0]!, { publicKey: small }),
      changed(checks[0]!, { publicKey: new Uint8Array(32).fill(255) }),
      changed(checks[0]!, { publicKey: new Uint8Array(3) }),
      changed(checks[0]!, { signature: new Uint8Array(64) }),
      changed(checks[0]!, { signature: new Uint8Array(0) }),
      // S + L: the equation holds, the encoding is not the only one.
      changed(checks[0]!, { signature: plusOrder(checks[0]!.signature) }),
    ]
    const here = odd.map((one) => ed25519.verify(one.publicKey, one.message, one.signature))
    expect(await verifyEd25519Elsewhere(odd)).toEqual(here)
    expect(here.filter(Boolean)).toHaveLength(checks.length)
  })
})

describe('a decision whose signatures are verified ahead', () => {
  const refusing: SignatureScheme = {
    verify() {
      throw new Error('verified on the own thread')
    },
  }

  it('verifies nothing on the own thread, and decides as ever', async () => {
    expect(await decideAhead(refusing, verifyEd25519Elsewhere, allOf(checks))).toBe(true)
    for (let at = 0; at < checks.length; at++) {
      const forged = checks.with(at, changed(checks[at]!, { signature: flipped(checks[at]!.signature) }))
      expect(await decideAhead(refusing, verifyEd25519Elsewhere, allOf(forged))).toBe(false)
    }
  })

  it('decides a second time only where something does not hold', async () => {
    const count = async (of: readonly SignatureCheck[], most = of.length) => {
      let times = 0
      const outcome = await decideAhead(ed25519, verifyEd25519Elsewhere, (scheme) => {
        times++
        return allOf(of.slice(0, most))(scheme)
      })
      return { times, outcome }
    }
    const forged = checks.with(3, changed(checks[3]!, { signature: flipped(checks[3]!.signature) }))
    expect(await count(checks)).toEqual({ times: 1, outcome: true })
    expect(await count(forged)).toEqual({ times: 2, outcome: false })
    // Too few to hand over: what was tried out says nothing of them.
    expect(await count(forged, 0)).toEqual({ times: 1, outcome: true })
    expect(await count(forged.slice(3), 1)).toEqual({ times: 2, outcome: false })
  })

  it('takes no verdict of one statement for another', async () => {
    const ahead = new SchemeAhead(ed25519, verifyEd25519Elsewhere)
    await ahead.prepare(allOf(checks))
    const [first, second] = [checks[0]!, checks[1]!]
    expect(ahead.verify(first.publicKey, Uint8Array.of(9), first.signature)).toBe(false)
    expect(ahead.verify(second.publicKey, message, first.signature)).toBe(false)
    expect(ahead.verify(first.publicKey, message, first.signature)).toBe(true)
  })

  it('never takes what was tried out for what was decided', async () => {
    const none: readonly SignatureCheck[] = []
    // Says yes to whatever it is shown: what counts is the second time, with real verdicts.
    const outcome = await decideAhead(ed25519, async (wanted) => wanted.map(() => false), allOf(checks))
    expect(outcome).toBe(false)
    expect(await decideAhead(ed25519, verifyEd25519Elsewhere, allOf(none))).toBe(true)
  })

  it('waits for nothing where there is no other core, or hardly anything to verify', () => {
    expect(new SchemeAhead(ed25519, undefined).prepare(allOf(checks))).toBeUndefined()
    expect(new SchemeAhead(ed25519, verifyEd25519Elsewhere).prepare(allOf(checks.slice(0, 2)))).toBeUndefined()
  })

  it('asks for each signature once', async () => {
    const asked: number[] = []
    const ahead = new SchemeAhead(refusing, (wanted) => {
      asked.push(wanted.length)
      return verifyEd25519Elsewhere(wanted)
    })
    await ahead.prepare(allOf(checks))
    await ahead.prepare(allOf(checks))
    expect(asked).toEqual([checks.length])
    expect(allOf(checks)(ahead)).toBe(true)
  })
})

function plusOrder(signature: Uint8Array): Uint8Array {
  const order = 2n ** 252n + 27742317777372353535851937790883648493n
  let s = 0n
  for (let i = 63; i >= 32; i--) s = (s << 8n) | BigInt(signature[i]!)
  s += order
  const other = signature.slice()
  for (let i = 32; i < 64; i++) {
    other[i] = Number(s & 255n)
    s >>= 8n
  }
  return other
}

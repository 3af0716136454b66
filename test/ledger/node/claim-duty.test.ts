import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { ed25519Signer, sha256 } from '../../../src/crypto/index.ts'
import { openSealed } from '../../../src/crypto/sealed.ts'
import {
  CLAIM_SECRET_PATH,
  ClaimDuty,
  type ClaimEyes,
  type ClaimToObserve,
  claimSecretContext,
  claimText,
  decodePayload,
  type RunningChain,
  webAnswerBytes,
} from '../../../src/ledger/index.ts'
import { chainId, scheme } from '../../chain/one.ts'
import { testClock } from '../../setup/clock.ts'

const quiet = { debug() {}, info() {}, warn() {}, error() {} }
const ada = scheme.signer(sha256(Uint8Array.of(1)))
const WINDOW = 80_000
const text = (value: string) => Uint8Array.of(value.length, ...new TextEncoder().encode(value))

/** A validator whose eyes see what the test says, asked after each block, once a second. */
function scene(eyes: Partial<ClaimEyes>, method: ClaimToObserve['method'] = 'txt', owner = ada.publicKey) {
  const clock = testClock()
  const since = clock.now()
  const claim = {
    number: 1,
    label: new TextEncoder().encode('example'),
    owner,
    method,
    since,
    hasDenied: false,
  }
  const claims = [{ ...claim, challenge: new Uint8Array(32).fill(9), until: since + WINDOW }]
  const chain = { id: 'chain', name: 'p2p', genesis: { chainId }, application: { ask: async () => claims } }
  const none: ClaimEyes = { texts: async () => [], page: async () => undefined }
  const account = scheme.signer(sha256(Uint8Array.of(2))).publicKey
  const random = { below: () => 0, bytes: (length: number) => new Uint8Array(randomBytes(length)) }
  const duty = new ClaimDuty({ clock, random, log: quiet, scheme, account, eyes: { ...none, ...eyes } })
  return {
    /** Runs for so long; what it would say then. */
    async runs(ms: number): Promise<boolean | undefined> {
      let said: boolean | undefined
      for (let at = 0; at < ms; at += 1_000) {
        const due = await duty.due(chain as unknown as RunningChain)
        said = due === undefined ? undefined : decodePayload(due.payload).fields[2] === true
        await clock.advanceAsync(1_000)
      }
      return said
    },
  }
}

describe('a validator that looks at a claimed domain', () => {
  it('says that it has seen the key after two looks some time apart', async () => {
    let looks = 0
    const { runs } = scene({
      async texts() {
        looks++
        return [text(claimText(ada.publicKey))]
      },
    })
    expect(await runs(5_000)).toBeUndefined()
    expect(await runs(10_000)).toBe(true)
    expect(looks).toBe(2)
  })

  it('begins again when the key was gone at the second look', async () => {
    let looks = 0
    const { runs } = scene({ texts: async () => (looks++ === 1 ? [] : [text(claimText(ada.publicKey))]) })
    expect(await runs(25_000)).toBeUndefined()
    expect(await runs(20_000)).toBe(true)
  })

  it('says that it has not when most of the time is over', async () => {
    const { runs } = scene({})
    expect(await runs(50_000)).toBeUndefined()
    expect(await runs(10_000)).toBe(false)
  })

  it('sees the signature of a site over what nobody knew before', async () => {
    const signature = (challenge: Uint8Array) =>
      Buffer.from(ada.sign(webAnswerBytes(chainId, new TextEncoder().encode('example'), challenge))).toString('hex')
    const shows = (page: string) => scene({ page: async () => page }, 'web').runs(20_000)
    expect(await shows(`${signature(new Uint8Array(32).fill(9))}\n`)).toBe(true)
    expect(await shows(signature(new Uint8Array(32)))).toBeUndefined()
  })

  it('sees a site tell what was sealed to the key, another secret each time (D67)', async () => {
    const seed = new Uint8Array(32).fill(3)
    const owner = ed25519Signer(seed).publicKey
    const context = claimSecretContext(chainId, new TextEncoder().encode('example'), new Uint8Array(32).fill(9))
    const asked: string[] = []
    const site = (key: Uint8Array, of = context) => ({
      async page(_: unknown, path: string) {
        asked.push(path)
        const sealed = CLAIM_SECRET_PATH.exec(path)![1]!
        const secret = openSealed(key, of, new Uint8Array(Buffer.from(sealed, 'hex')))
        return secret && `${Buffer.from(secret).toString('hex')}\n`
      },
    })
    expect(await scene(site(seed), 'secret', owner).runs(20_000)).toBe(true)
    expect(new Set(asked).size).toBe(2)
    // Another key, or the same for another claim.
    expect(await scene(site(new Uint8Array(32).fill(4)), 'secret', owner).runs(20_000)).toBeUndefined()
    const other = claimSecretContext(chainId, new TextEncoder().encode('example'), new Uint8Array(32))
    expect(await scene(site(seed, other), 'secret', owner).runs(20_000)).toBeUndefined()
    // What it told one validator is no answer to the next.
    const [first] = asked
    expect(await scene({ page: async () => first!.slice(-64) }, 'secret', owner).runs(20_000)).toBeUndefined()
  })
})

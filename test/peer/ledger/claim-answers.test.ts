/** A claim that the site of its domain answers for: from the transaction on the chain to what a validator hears (D67). */
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { fromHex, toHex } from '../../../src/base/index.ts'
import { sealTo } from '../../../src/crypto/sealed.ts'
import { CLAIM_PATH, CLAIMS, claimKeys, claimSecretContext, moduleKey } from '../../../src/ledger/index.ts'
import { answerClaim } from '../../../src/peer/ledger/claim-answers.ts'
import { describeClaim } from '../../../src/peer/ledger/claiming.ts'
import type { DomainPlace } from '../../../src/peer/ledger/domains.ts'
import { makeOwnerKey } from '../../../src/peer/ledger/zone-keys.ts'
import { chainId, scheme } from '../../chain/one.ts'
import { claimWorld, label, zone } from '../../ledger/modules/claims/claim-world.ts'

const dir = mkdtempSync(join(tmpdir(), 'chordns-answers-'))
afterAll(() => rmSync(dir, { recursive: true }))

it('a site tells validators what they sealed to the key of its claim, and opens nothing else', async () => {
  const file = join(dir, 'owner.key')
  const publicKey = fromHex(await makeOwnerKey(file))
  const world = claimWorld()
  expect(world.codes(world.opening(scheme.signer(publicKey), { method: 'secret' }))).toEqual([0])
  const value = toHex(world.state().get(moduleKey(CLAIMS, claimKeys.claim(1)))!)
  expect(describeClaim(1, value)).toMatchObject({ method: 'secret', state: 'open', observers: 7 })
  const { challenge } = world.claim(scheme.signer(publicKey))!.claim as { challenge: Uint8Array }
  const place = { chainId, label, zone } as unknown as DomainPlace
  const answers = await answerClaim(file, place, value, { address: '127.0.0.1', port: 0 })
  const ask = async (path: string, method = 'GET') => {
    const reply = await fetch(`http://127.0.0.1:${answers.address.port}${path}`, { method })
    return { status: reply.status, text: (await reply.text()).trim() }
  }
  const sealed = (of = challenge, secret = new Uint8Array(32).fill(5)) =>
    `${CLAIM_PATH}/${toHex(sealTo(publicKey, claimSecretContext(chainId, label, of), secret, randomBytes(32))!)}`
  try {
    expect(await ask(sealed())).toEqual({ status: 200, text: '05'.repeat(32) })
    for (const path of [
      '/',
      CLAIM_PATH,
      `${CLAIM_PATH}/${'00'.repeat(80)}`,
      sealed(new Uint8Array(32)),
      sealed(challenge, new Uint8Array(31)),
    ])
      expect(await ask(path)).toEqual({ status: 404, text: '' })
    expect((await ask(sealed(), 'POST')).status).toBe(404)
    expect(answers.told()).toBe(1)
  } finally {
    await answers.close()
  }
  // More than half of the validators have heard it.
  for (const i of [0, 1, 2, 3]) world.block([world.observation(i, true)])
  expect(world.record()?.owner).toEqual(publicKey)
  const over = toHex(world.state().get(moduleKey(CLAIMS, claimKeys.claim(1)))!)
  await expect(answerClaim(file, place, over, { address: '127.0.0.1', port: 0 })).rejects.toThrow('the claim is over')
})

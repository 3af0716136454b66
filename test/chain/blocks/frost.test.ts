import { ed25519_FROST as frost } from '@noble/curves/ed25519.js'
import { describe, expect, it } from 'vitest'
import {
  decodeTransaction,
  encodeTransaction,
  isSignedTransaction,
  type TransactionContent,
  transactionBytes,
} from '../../../src/chain/blocks/transactions.ts'
import { ed25519 } from '../../../src/crypto/index.ts'

describe('a group key of FROST (RFC 9591) as the key of an account', () => {
  const names = ['a', 'b', 'c', 'd', 'e'].map((name) => frost.Identifier.derive(`${name}@example.com`))
  const deal = frost.trustedDealer({ min: 3, max: 5 }, names)
  const chainId = new Uint8Array(32).fill(4)

  /** By those of the group whose numbers are given. */
  function signedBy(people: readonly number[], message: Uint8Array): Uint8Array {
    const secrets = people.map((n) => deal.secretShares[names[n]!]!)
    const rounds = secrets.map((secret) => ({ secret, ...frost.commit(secret) }))
    const commitments = rounds.map((round) => round.commitments)
    const shares = Object.fromEntries(
      rounds.map(({ secret, nonces }) => [
        secret.identifier,
        frost.signShare(secret, deal.public, nonces, commitments, message),
      ]),
    )
    return frost.aggregate(deal.public, commitments, message, shares)
  }

  it('signs a transaction, by any three of five, that everybody checks as plain Ed25519', () => {
    const account = deal.public.commitments[0]!
    const content: TransactionContent = {
      account,
      nonce: 0,
      fee: 1,
      expires: 1_800_000_000_000,
      payload: Uint8Array.of(0x81, 0x18, 0x20),
    }
    for (const people of [
      [0, 1, 2],
      [1, 3, 4],
    ]) {
      const signature = signedBy(people, transactionBytes(chainId, content))
      const transaction = decodeTransaction(encodeTransaction({ ...content, signature }))
      expect(isSignedTransaction(ed25519, chainId, transaction)).toBe(true)
      expect(isSignedTransaction(ed25519, chainId, { ...transaction, fee: 2 })).toBe(false)
    }
  })

  it('is nothing that two of five can sign with', () => {
    const message = Uint8Array.of(1)
    expect(() => signedBy([0, 1], message)).toThrow()
  })
})

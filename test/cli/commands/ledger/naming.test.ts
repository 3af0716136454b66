import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { fromHex } from '../../../../src/base/index.ts'
import { namePolicyFields, parseNamePolicy } from '../../../../src/peer/ledgers.ts'
import { captured } from '../../captured.ts'

const KEY = '1916a1acebfe326815de34000f6fa08e1ec357954b222eab1437105b1444d85a'
/** Nobody listens there. */
const NOBODY = ['--node', '127.0.0.1:9']
const dir = mkdtempSync(join(tmpdir(), 'chordns-naming-'))
afterAll(() => rmSync(dir, { recursive: true }))

describe('chordns ledger names', () => {
  it.each([
    [['raise', 'shop'], 'must be show, policy, keep, free, free-all, settle or wish'],
    [['policy'], 'a policy needs --file and --height'],
    [['policy', '--file', 'x', '--height', 'soon'], '--height must be a whole number'],
    [['keep'], 'name the label'],
    [['keep', 'a.name'], 'name the label'],
    [['keep', 'brand', '--for', 'me'], '--for must be a public key'],
    [['wish', 'shop', '--in', 'com'], 'a wish needs --in and --for'],
  ])('%j says what is wrong', async (args, words) => {
    expect(await captured('ledger', 'names', ...args, ...NOBODY)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(words),
    })
  })

  it('shows a policy as the file in which it is given, so that nodes change it and vote on it', () => {
    const file = join(dir, 'names.json')
    const given = { term: '90d', mustBeUsedWithin: '12h', prices: [7], elsewhere: ['com'], payee: KEY }
    writeFileSync(file, JSON.stringify(given))
    const policy = parseNamePolicy(file, JSON.stringify(given), fromHex(KEY))
    const fields = namePolicyFields(policy)
    expect(fields).toMatchObject({ ...given, grace: '30d', premiumHalvings: 21 })
    expect(parseNamePolicy(file, JSON.stringify(fields), new Uint8Array(32))).toEqual(policy)
  })
})

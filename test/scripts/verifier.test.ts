/** The verifier of the page, in a context that has what a browser has and nothing of Node, beside the one of Node: the same verdicts. */
import { createContext, runInContext } from 'node:vm'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { verifierPage, verifierScript } from '../../scripts/verifier/build.ts'
import { bytesOfFile, verify } from '../../scripts/verifier/given.ts'
import { report } from '../../scripts/verifier/report.ts'
import { fromHex, toHex } from '../../src/base/index.ts'
import { encodeGenesis } from '../../src/chain/blocks/genesis.ts'
import { type ProofAnchor, verifyAnywhere } from '../../src/chain/light/anywhere.ts'
import { encodeProofFile, type ProofFile } from '../../src/chain/light/proof-file.ts'
import { proveKeys } from '../../src/chain/trees/proofs/prove.ts'
import { stateGet, stateRoot, stateView } from '../../src/chain/trees/state-map.ts'
import { ed25519 as elsewhere } from '../../src/crypto/elsewhere.ts'
import { ed25519, ed25519Signer } from '../../src/crypto/index.ts'
import { stateOf, text } from '../chain/follow/world.ts'
import { DAY, TestLedger } from '../chain/light/ledger.ts'
import { protocolVectors } from '../docs/vectors.ts'
import { OWNER, type ProofVector, proofVectors } from './proof-vectors.ts'

interface Verdict {
  readonly kind: string
  readonly reason?: string
  readonly height?: number
  readonly time?: number
  readonly claims?: readonly { readonly key: Uint8Array; readonly value: Uint8Array | undefined }[]
}

/** A browser's globals, as far as the script needs any. */
const script = await verifierScript()
const context = createContext({ TextEncoder, TextDecoder, atob, input: {} })
// Bytes of the context itself, as a browser's encoder gives them.
runInContext(
  'const Outside = TextEncoder; globalThis.TextEncoder = class { encode(t) { return Uint8Array.from(new Outside().encode(t)) } }',
  context,
)
runInContext(`${script}; globalThis.chordns = chordns`, context)

/** What the page would say. Bytes are handed over as hex, so that every object is of the context. */
function inPage(anchor: ProofAnchor, file: Uint8Array, now: number): Verdict | string {
  const by = anchor.kind === 'genesis' ? toHex(anchor.genesis) : toHex(anchor.blockId)
  Object.assign(context['input'], { by, isGenesis: anchor.kind === 'genesis', file: toHex(file), now })
  const said = runInContext(
    `(() => {
      try {
        const { by, isGenesis, file, now } = input
        const { verdict } = chordns.verify(isGenesis ? chordns.fromHex(by) : by, chordns.fromHex(file), now)
        const hex = (bytes) => bytes === undefined ? null : chordns.toHex(bytes)
        const claims = verdict.claims?.map(({ key, value }) => [hex(key), hex(value)])
        return JSON.stringify({ ...verdict, claims })
      } catch (error) { return JSON.stringify(error.code ?? String(error)) }
    })()`,
    context,
  ) as string
  return JSON.parse(said) as Verdict | string
}

function inNode(anchor: ProofAnchor, file: Uint8Array, now: number): unknown {
  try {
    const verdict: Verdict = verifyAnywhere(ed25519, anchor, file, now)
    const hex = (bytes: Uint8Array | undefined) => (bytes === undefined ? null : toHex(bytes))
    return JSON.parse(
      JSON.stringify({ ...verdict, claims: verdict.claims?.map(({ key, value }) => [hex(key), hex(value)]) }),
    )
  } catch (error) {
    return (error as { code?: string }).code
  }
}

describe('the verifier for everybody', () => {
  const state = stateOf({ name: 'value', other: '2' })
  const ledger = new TestLedger([0, 1, 2, 3], { makeKey: ed25519Signer }).grow(5, { stateRoot: stateRoot(state) })
  const keys = ['name', 'none'].map(text)
  const file: ProofFile = {
    head: ledger.head,
    claims: keys.map((key) => ({ key, value: stateGet(state, key) })),
    stateProof: proveKeys(stateView(state), keys),
    older: undefined,
    validators: ledger.setAt(5),
    trail: [],
  }
  const genesis: ProofAnchor = { kind: 'genesis', genesis: encodeGenesis(ledger.genesis) }
  const byBlock: ProofAnchor = { kind: 'blockId', blockId: ledger.head.certificate.blockId }
  const now = ledger.head.header.time
  const both = (anchor: ProofAnchor, bytes: Uint8Array, at = now) => {
    const page = inPage(anchor, bytes, at)
    expect(page).toEqual(inNode(anchor, bytes, at))
    return page
  }

  it('has nothing of Node where it runs in a page', () => {
    const missing = runInContext('[typeof process, typeof Buffer, typeof require, typeof fetch].join()', context)
    expect(missing).toBe('undefined,undefined,undefined,undefined')
    expect(script).not.toMatch(/from ['"]|require\(|node:/)
  })

  it('says of a proof in a page what it says in Node', () => {
    const claims = [
      [toHex(text('name')), toHex(text('value'))],
      [toHex(text('none')), null],
    ]
    const bytes = encodeProofFile(file)
    expect(both(genesis, bytes)).toMatchObject({ kind: 'proven', height: 5, claims })
    expect(both(byBlock, bytes)).toMatchObject({ kind: 'proven', height: 5, claims })
    const older = { header: ledger.at(3).header, path: ledger.path(3, 5) }
    expect(both(genesis, encodeProofFile({ ...file, older }))).toMatchObject({ kind: 'proven', height: 3 })
    expect(both(genesis, bytes, now + 15 * DAY)).toEqual({ kind: 'refused', reason: 'expired' })
    const wrong = { ...file, claims: keys.map((key) => ({ key, value: text('lie') })) }
    expect(both(byBlock, encodeProofFile(wrong))).toEqual({ kind: 'refused', reason: 'state' })
    expect(both(byBlock, encodeProofFile({ ...file, head: ledger.at(4) }))).toMatchObject({ kind: 'refused' })
  })

  it('proves nothing false from a file that was changed, wherever it was changed', () => {
    const bytes = encodeProofFile(file)
    const truth = [toHex(text('name')), toHex(text('value'))]
    for (let at = 3; at < bytes.length; at += 41) {
      const changed = bytes.slice()
      changed[at]! ^= 1
      const said = both(genesis, changed)
      // What is not needed may be anything, and another name may be free as well: but nothing false is proven.
      if (typeof said === 'string' || said.kind !== 'proven') continue
      expect(said.claims, `byte ${at}`).toEqual([truth, [expect.any(String), null]])
      expect(said.height).toBe(5)
    }
  })

  it('holds the vectors of the protocol', () => {
    const vectors = protocolVectors() as Record<string, string>
    const anchor: ProofAnchor = { kind: 'genesis', genesis: fromHex(vectors['genesis']!) }
    const proven = both(anchor, fromHex(vectors['proof file']!), 1_800_000_002_000)
    expect(proven).toMatchObject({
      kind: 'proven',
      height: 1,
      claims: [
        ['61', '31'],
        ['63', null],
      ],
    })
  })

  it('goes by the same rule of Ed25519', () => {
    const signer = ed25519Signer(new Uint8Array(32).fill(7))
    const message = text('message')
    const signature = signer.sign(message)
    const zero = new Uint8Array(32)
    const cases: [Uint8Array, Uint8Array, Uint8Array][] = [
      [signer.publicKey, message, signature],
      [signer.publicKey, text('other'), signature],
      [zero, message, signature],
      [signer.publicKey, message, new Uint8Array(64)],
      [signer.publicKey.subarray(1), message, signature],
      [new Uint8Array(32).fill(2), message, signature],
    ]
    const verdicts = cases.map((one) => elsewhere.verify(...one))
    expect(verdicts).toEqual(cases.map((one) => ed25519.verify(...one)))
    expect(verdicts).toEqual([true, false, false, false, false, false])
  })

  it.each(proofVectors())(
    'says of $what in words what a person needs to know',
    ({ given, file, wanted, now, says }) => {
      expect(wordsInNode({ given, file, wanted, now })).toMatchObject({
        ...says,
        advice: expect.stringMatching(says.advice),
      })
      expect(wordsInPage({ given, file, wanted, now })).toEqual(wordsInNode({ given, file, wanted, now }))
    },
  )

  it('says whose a name is, who signed that, and how old it is', () => {
    const [good] = proofVectors()
    const { sections, checked } = wordsInNode(good!) as ReturnType<typeof report>
    expect(sections.map(({ title }) => title)).toEqual([
      'What the ledger says of shop.example',
      'Who signed it',
      'How old it is',
    ])
    expect(Object.fromEntries(sections.flatMap(({ rows }) => rows))).toMatchObject({
      Owner: toHex(OWNER),
      'Key of its zone (DS)': expect.stringMatching(/^12345 15 2 [0-9a-f]{64}$/),
      'Name server': 'ns1.shop.example. 192.0.2.1',
      Validators: '3 of 4 signed; 3 are needed',
      Age: '10 seconds, by the clock of this machine',
    })
    expect(checked).toContain('More than two thirds of its validators signed the newest block.')
  })

  it('is one file without anything beside it, of some thirty kilobytes, under a policy that allows itself only', async () => {
    const page = await verifierPage()
    // Whoever builds it from the same sources has the same.
    expect(await verifierPage()).toBe(page)
    expect(page.replace(script, '').length).toBeLessThan(7_000)
    expect(gzipSync(script, { level: 9 }).length).toBeLessThan(31_000)
    const sources = [...page.matchAll(/\b(?:src|href)="([^"]*)"/g)].map(([, source]) => source)
    expect(sources).toEqual(['data:,'])
    const policy = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(page)![1]
    expect(policy).toMatch(/^default-src 'none'; script-src 'sha256-\S+' 'sha256-\S+'; style-src 'sha256-\S+';/)
    expect(policy).not.toContain('unsafe')
  })
})

type Handed = Pick<ProofVector, 'given' | 'file' | 'wanted' | 'now'>

function wordsInNode({ given, file, wanted, now }: Handed): unknown {
  try {
    return report(verify(given, bytesOfFile(file), now), wanted, now)
  } catch (error) {
    return { kind: 'refused', headline: 'This file proves nothing', advice: (error as Error).message }
  }
}

function wordsInPage({ given, file, wanted, now }: Handed): unknown {
  const isBlock = typeof given === 'string'
  const by = isBlock ? given : toHex(given)
  Object.assign(context['input'], { by, isGenesis: !isBlock, file: toHex(file), wanted, now })
  const said = runInContext(
    `(() => {
      try {
        const { by, isGenesis, file, wanted, now } = input
        const bytes = chordns.bytesOfFile(chordns.fromHex(file))
        return JSON.stringify(chordns.report(chordns.verify(isGenesis ? chordns.fromHex(by) : by, bytes, now), wanted, now))
      } catch (error) {
        return JSON.stringify({ kind: 'refused', headline: 'This file proves nothing', advice: error.message })
      }
    })()`,
    context,
  ) as string
  return JSON.parse(said)
}

/**
 * Known mistakes, as changes of the sources: text that stands in a file once, and what is put in its place while a process loads it. Nothing of the
 * sources themselves has a switch for them.
 */
import { readFileSync } from 'node:fs'
import { registerHooks } from 'node:module'

export interface Mistake {
  readonly name: string
  /** Below src/. */
  readonly changes: readonly { readonly file: string; readonly from: string; readonly to: string }[]
  /** The check that finds it. */
  readonly finding: RegExp
}

export const MISTAKES: readonly Mistake[] = [
  {
    name: 'the root of a set is not checked',
    changes: [
      {
        file: 'chain/light/walk.ts',
        from: 'if (!equalBytes(setRoot(validators), root)) return false',
        to: '',
      },
      {
        file: 'chain/light/verify.ts',
        from: 'equalBytes(header.validatorsHash, setRoot(validators)) &&',
        to: '',
      },
    ],
    finding: /true headers/,
  },
  {
    name: 'the term of what is trusted is ignored',
    changes: [{ file: 'chain/light/trust.ts', from: 'return now - time > trustingPeriodMs', to: 'return false' }],
    // Who meets an honest member in the same look says that the chain has forked, by the word of keys that count no more.
    finding: /true headers|no false alarm/,
  },
  {
    name: 'keys that were removed count',
    changes: [
      {
        file: 'chain/light/verify.ts',
        from: 'return signer !== undefined && keys.has(latin1(signer.publicKey))',
        to: 'return signer !== undefined',
      },
    ],
    finding: /true headers/,
  },
  {
    name: 'a third of the known set is enough',
    changes: [{ file: 'chain/light/trust.ts', from: "overlap: 'quorum',", to: "overlap: 'third'," }],
    finding: /true headers|no false alarm/,
  },
  {
    name: 'absence is believed of another version',
    changes: [
      {
        file: 'chain/light/proof-file.ts',
        from: 'if (!verifyStateProof(',
        to: 'if (claims.some(({ value }) => value !== undefined) && !verifyStateProof(',
      },
    ],
    finding: /true values/,
  },
  {
    name: 'anybody can cry fork with a set of their own',
    changes: [
      {
        file: 'chain/light/verify.ts',
        from: 'if (!isKnownSet && overlap < overlapNeeded(rules, trusted.validators.length))',
        to: 'if (false)',
      },
    ],
    finding: /no false alarm/,
  },
]

/** From now on sources are loaded with the mistake. A RangeError when its text is not in its file just once: the sources went on. */
export function plant({ changes }: Mistake): void {
  const left = changes.map((change) => ({
    ...change,
    url: new URL(`../../../src/${change.file}`, import.meta.url).href,
  }))
  for (const { url, file, from } of left)
    if (readFileSync(new URL(url), 'utf8').split(from).length !== 2)
      throw new RangeError(`not once in ${file}: ${from}`)
  registerHooks({
    load(url, context, next) {
      const own = left.filter((change) => change.url === url)
      const loaded = next(url, context)
      if (own.length === 0) return loaded
      let source = readFileSync(new URL(url), 'utf8')
      for (const { from, to } of own) source = source.replace(from, to)
      return { ...loaded, source }
    },
  })
}

/** `npm run build:verifier`: the page that checks proofs, and the script that it needs, into dist/verifier/. Both are static files. */
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { bundle } from './bundle.ts'

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))

/** Defines the constant `chordns`. */
export function verifierScript(): string {
  const crypto = '../../src/crypto'
  return bundle(here('entry.ts'), 'chordns', new Map([[here(`${crypto}/index.ts`), here(`${crypto}/elsewhere.ts`)]]))
}

if (import.meta.main) {
  const target = here('../../dist/verifier/')
  mkdirSync(target, { recursive: true })
  copyFileSync(here('page.html'), `${target}index.html`)
  writeFileSync(`${target}verifier.js`, verifierScript())
}

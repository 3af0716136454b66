/** `npm run build:verifier`: the page that checks proofs, as one static file without anything beside it, into dist/verifier/. */
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { stdout } from 'node:process'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { rolldown } from 'rolldown'

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))
/** Without Node: hashes and signatures by @noble. */
const ELSEWHERE = here('../../src/crypto/elsewhere.ts')
const CRYPTO = here('../../src/crypto/index.ts')

/** Defines the constant `chordns`. What it does not use of our sources and of @noble is left out. */
export async function verifierScript(): Promise<string> {
  const put = await rolldown({
    input: here('entry.ts'),
    platform: 'browser',
    treeshake: { moduleSideEffects: false },
    plugins: [
      {
        name: 'without Node',
        async resolveId(specifier, importer) {
          const found = await this.resolve(specifier, importer, { skipSelf: true })
          return found?.id === CRYPTO ? ELSEWHERE : found
        },
      },
    ],
  })
  const { output } = await put.generate({ format: 'iife', name: 'chordns', minify: true })
  await put.close()
  return output[0].code.trim()
}

/** The whole page. Its policy names its own scripts and style by their hashes, and allows nothing else: no request, no other script, no form that is sent. */
export async function verifierPage(): Promise<string> {
  const script = await verifierScript()
  if (/<\/script|<!--/i.test(script)) throw new Error('the script would end its element')
  const html = readFileSync(here('page.html'), 'utf8').replace(
    '<script src="verifier.js"></script>',
    () => `<script>${script}</script>`,
  )
  const hashes = (element: string) =>
    [...html.matchAll(new RegExp(`<${element}>([\\s\\S]*?)</${element}>`, 'g'))].map(
      ([, text]) => `'sha256-${createHash('sha256').update(text!).digest('base64')}'`,
    )
  const policy = [
    "default-src 'none'",
    `script-src ${hashes('script').join(' ')}`,
    `style-src ${hashes('style').join(' ')}`,
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ]
  return html.replace('POLICY', policy.join('; '))
}

if (import.meta.main) {
  const target = here('../../dist/verifier/')
  const page = await verifierPage()
  mkdirSync(target, { recursive: true })
  writeFileSync(`${target}index.html`, page)
  const size = (bytes: number) => `${(bytes / 1_000).toFixed(1)} kB`
  stdout.write(
    `wrote ${target}index.html: ${size(page.length)}, ${size(gzipSync(page, { level: 9 }).length)} compressed\n`,
  )
}

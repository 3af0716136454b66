/**
 * The verifier for browsers can be put together. What its sources import of `src/crypto/index.ts` must be in `src/crypto/elsewhere.ts`, too, which
 * stands in its place there: a new export is easily forgotten. Part of `npm run check`.
 */
import { stderr, stdout } from 'node:process'
import { errorText } from '../src/base/index.ts'
import { verifierScript } from './verifier/build.ts'

try {
  const script = await verifierScript()
  stdout.write(`verifier: ${Math.ceil(script.length / 1_024)} KiB\n`)
} catch (error) {
  stderr.write(
    `the verifier for browsers cannot be built; is something missing in src/crypto/elsewhere.ts?\n${errorText(error)}\n`,
  )
  process.exitCode = 1
}

/** Builds of chordns that differ: an earlier commit, and this one with another range of protocol versions. Each is a folder that runs. */
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const GREETING = join('src', 'ring', 'door', 'greeting.ts')
const VERSIONS = /(PROTOCOL_VERSIONS: VersionRange = )\{ lowest: (\d+), highest: (\d+) \}/

export interface Build {
  readonly name: string
  readonly cli: string
}

export class Builds {
  readonly #dir = mkdtempSync(join(tmpdir(), 'chordns-builds-'))

  /** The sources as they are in this working tree. */
  asIs(): Build {
    return { name: 'this build', cli: join(ROOT, 'src', 'cli.ts') }
  }

  /** The same sources, which speak one version more. Throws when their place is not found. */
  next(): Build {
    const dir = this.#folder('next')
    cpSync(join(ROOT, 'src'), join(dir, 'src'), { recursive: true })
    const file = join(dir, GREETING)
    const text = readFileSync(file, 'utf8')
    const found = VERSIONS.exec(text)
    if (found === null) throw new Error(`${GREETING} does not say its versions as expected`)
    const [, head, lowest, highest] = found
    writeFileSync(file, text.replace(VERSIONS, `${head}{ lowest: ${lowest}, highest: ${Number(highest) + 1} }`))
    return {
      name: `this build, with protocol versions ${lowest} to ${Number(highest) + 1}`,
      cli: join(dir, 'src', 'cli.ts'),
    }
  }

  /** As it was at a commit. Throws when git does not know it. */
  at(commit: string): Build {
    const dir = this.#folder(commit)
    const archive = execFileSync('git', ['archive', commit, 'src'], { cwd: ROOT, maxBuffer: 1 << 28 })
    execFileSync('tar', ['-x', '-C', dir], { input: archive })
    return { name: `the build of ${commit}`, cli: join(dir, 'src', 'cli.ts') }
  }

  remove(): void {
    rmSync(this.#dir, { recursive: true, force: true })
  }

  #folder(name: string): string {
    const dir = join(this.#dir, name)
    mkdirSync(dir)
    symlinkSync(join(ROOT, 'node_modules'), join(dir, 'node_modules'))
    cpSync(join(ROOT, 'package.json'), join(dir, 'package.json'))
    return dir
  }
}

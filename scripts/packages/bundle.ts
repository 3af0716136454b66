/**
 * The program as few files. A start finds, reads and links file by file: some 1,300 sources and modules of packages become a few dozen files
 * (docs/decisions/0185). What is loaded when it is asked for is a file of its own still, and so is each thread. Koffi stays outside: it brings a library for the machine.
 */
import { cpSync, mkdirSync, rmSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { type OutputOptions, type Plugin, rolldown } from 'rolldown'
import { ROOT } from './layout.ts'

const SOURCES = join(ROOT, 'src')
/** Modules that are run as threads. They share no file with the program: a thread reads one, and nothing in it that it does not run. */
const THREADS: readonly string[] = [
  'io/disk/background/writer',
  'peer/filtering/list-thread',
  'peer/ledger/ledger-thread',
  'peer/state/state-thread',
  'serve/fast/threads/worker',
]
/** Files that are read as they are. */
const COPIED = ['observe/web/style.css', 'observe/web/icon.svg']
/** Sources stay in memory: 2 MiB less. Names stay, for stack traces. */
const WITHOUT_SPACE = { compress: false, mangle: false, codegen: { removeWhitespace: true } }

/** Makes the directory anew. Throws when a thread is missing in the list above. */
export async function bundle(to: string): Promise<void> {
  rmSync(to, { recursive: true, force: true })
  await write(to, 'cli', { chunkFileNames: 'program/[name]-[hash].js' })
  for (const thread of THREADS) await write(to, thread, { codeSplitting: false })
  mkdirSync(join(to, 'observe/web'), { recursive: true })
  for (const path of COPIED) cpSync(join(SOURCES, path), join(to, path))
}

async function write(to: string, entry: string, output: OutputOptions): Promise<void> {
  const made = await rolldown({
    input: { [entry]: join(SOURCES, `${entry}.ts`) },
    cwd: ROOT,
    platform: 'node',
    external: ['koffi'],
    plugins: [ownPlace()],
  })
  try {
    await made.write({ dir: to, format: 'esm', entryFileNames: '[name].js', minify: WITHOUT_SPACE, ...output })
  } finally {
    await made.close()
  }
}

/** A source that looks beside itself finds there what it finds beside itself in src/. */
function ownPlace(): Plugin {
  return {
    name: 'own place',
    transform(code, id) {
      if (!id.startsWith(SOURCES) || !code.includes('import.meta.url')) return null
      const path = relative(SOURCES, id).replace(/\.ts$/, '.js')
      for (const line of code.split('\n')) checkThread(path, line)
      return code.replaceAll('import.meta.url', `new URL(${JSON.stringify(`./${path}`)}, OWN_ROOT).href`)
    },
    renderChunk(code, { fileName }) {
      const up = '../'.repeat(fileName.split('/').length - 1)
      return code.replaceAll('OWN_ROOT', `new URL(${JSON.stringify(up || './')}, import.meta.url)`)
    },
  }
}

/** Who runs a module as a thread asks whether it has the end of the sources or of a build. */
function checkThread(path: string, line: string): void {
  if (!line.includes("import.meta.url.endsWith('.ts')")) return
  const [, name = line] = /\.\/([\w-]+)/.exec(line) ?? []
  if (!THREADS.includes(join(dirname(path), name)))
    throw new Error(`${path} runs ${name}: add it to the threads of a build`)
}

if (import.meta.main) await bundle(join(ROOT, 'dist'))

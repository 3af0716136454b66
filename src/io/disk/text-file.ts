/** Small text files that are replaced as a whole: a reader sees the old text or the new one, also after a power cut. */
import { readFileSync } from 'node:fs'
import { mkdir, open, rename } from 'node:fs/promises'
import { dirname } from 'node:path'

/** Undefined when there is no such file; other failures are thrown as they come. */
export function readTextFile(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}

/** Makes the directory too. One writer at a time. */
export async function replaceTextFile(file: string, text: string): Promise<void> {
  const directory = dirname(file)
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const fresh = `${file}.new`
  await synced(fresh, 'w', (handle) => handle.writeFile(text))
  await rename(fresh, file)
  await synced(directory, 'r', async () => {})
}

async function synced(
  path: string,
  flags: string,
  work: (handle: Awaited<ReturnType<typeof open>>) => Promise<void>,
): Promise<void> {
  const handle = await open(path, flags)
  try {
    await work(handle)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

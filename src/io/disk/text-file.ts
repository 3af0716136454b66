/** Small text files that are replaced as a whole: a reader sees the old text or the new one, also after a power cut. */
import { readFileSync } from 'node:fs'
import { mkdir, open, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { ChordnsError, fileTrouble, systemCodeOf, utf8Text } from '../../base/index.ts'

/** Undefined when there is no such file. Throws FILE_UNREADABLE, also for what is not UTF-8. */
export function readTextFile(file: string): string | undefined {
  try {
    return utf8Text(readFileSync(file))
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return undefined
    throw new ChordnsError('FILE_UNREADABLE', fileTrouble(file, error), { file }, { cause: error })
  }
}

/** Makes the directory too. One writer at a time. Throws FILE_UNWRITABLE. */
export async function replaceTextFile(file: string, text: string): Promise<void> {
  try {
    await replace(file, text)
  } catch (error) {
    throw new ChordnsError('FILE_UNWRITABLE', fileTrouble(file, error, 'write'), { file }, { cause: error })
  }
}

async function replace(file: string, text: string): Promise<void> {
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

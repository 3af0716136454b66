/** The last good copy of each list that is fetched, on disk, with what its server said of it. */
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { Log } from '../../base/index.ts'
import { errorText } from '../../base/index.ts'
import type { FilterList } from '../../config/index.ts'
import { readTextFile, replaceTextFile } from '../../io/index.ts'
import type { CopyMarks } from './download.ts'
import type { ZoneTimers } from './transfer/transfer.ts'

const copyFile = z.object({
  source: z.string(),
  etag: z.string().optional(),
  lastModified: z.string().optional(),
  /** Unix ms. */
  updatedAt: z.number(),
  zone: z.object({ serial: z.number(), refresh: z.number(), retry: z.number(), expire: z.number() }).optional(),
})

export interface ListCopy extends CopyMarks {
  readonly updatedAt: number
  /** Of the text. Left out where it is not known. */
  readonly bytes?: number
  /** Of a zone by transfer, as its SOA says. */
  readonly zone?: ZoneTimers | undefined
}

/** Of lists that the household shares, apart from the configuration's: what no box names any more is taken away. */
const SHARED = 'shared'

export class ListCopies {
  readonly #directory: string
  readonly #log: Log

  constructor(directory: string, log: Log) {
    this.#directory = directory
    this.#log = log
  }

  /** Where the text of a list is, or will be. */
  fileOf({ source, isUrl, isShared, options }: FilterList): string {
    return isUrl ? join(this.#directoryOf(isShared), `${options.name}.list`) : source
  }

  /** Where it is written to while it is fetched. */
  async draftOf({ options, isShared }: FilterList): Promise<string> {
    const directory = this.#directoryOf(isShared)
    await mkdir(directory, { recursive: true, mode: 0o700 })
    return join(directory, `${options.name}.list.new`)
  }

  /** Copies of shared lists of other names go. */
  async keepOnly(shared: ReadonlySet<string>): Promise<void> {
    const directory = this.#directoryOf(true)
    const files = await readdir(directory).catch(() => [])
    for (const file of files)
      if (!shared.has(file.replace(/\.(list|list\.new|json)$/, '')))
        await rm(join(directory, file), { recursive: true, force: true })
  }

  #directoryOf(isShared: boolean): string {
    return isShared ? join(this.#directory, SHARED) : this.#directory
  }

  /** Undefined: there is none of this source. */
  async copyOf(list: FilterList): Promise<ListCopy | undefined> {
    try {
      if (!list.isUrl) return { updatedAt: (await stat(list.source)).mtimeMs, etag: undefined, lastModified: undefined }
      const text = readTextFile(this.#noteOf(list))
      if (text === undefined) return undefined
      const { size } = await stat(this.fileOf(list))
      const { source, etag, lastModified, updatedAt, zone } = copyFile.parse(JSON.parse(text))
      return source === list.source ? { etag, lastModified, updatedAt, bytes: size, zone } : undefined
    } catch (error) {
      this.#log.warn(
        { list: list.options.name, error: errorText(error) },
        'there is no copy of a list that can be used',
      )
      return undefined
    }
  }

  /** The draft takes the place of the copy; undefined: the copy is as the server has it. */
  async keep(list: FilterList, draft: string | undefined, copy: ListCopy): Promise<void> {
    const { etag, lastModified, updatedAt, zone } = copy
    if (draft !== undefined) await rename(draft, this.fileOf(list))
    await replaceTextFile(
      this.#noteOf(list),
      JSON.stringify({ source: list.source, etag, lastModified, updatedAt, zone }),
    )
  }

  #noteOf({ options, isShared }: FilterList): string {
    return join(this.#directoryOf(isShared), `${options.name}.json`)
  }
}

/** What the thread of lists is asked for; each piece of work has a thread of its own, so that no memory is held between. */
import type { Log } from '../../base/index.ts'
import type { Name } from '../../dns/index.ts'
import type { Compiled, RuleLine } from '../../filter/index.ts'
import { startCallThread } from '../../io/index.ts'
import type { ListFile } from './list-thread.ts'

const MODULE = new URL(`./list-thread${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url)

export interface ListWork {
  /** Rejects with FILE_UNREADABLE or THREAD_FAILED. */
  compile(files: readonly ListFile[], seed: Uint8Array): Promise<Compiled>
  /** Writes the messages of a transfer as a zone file. Rejects with TRANSFER_FAILED, DNS_MALFORMED or THREAD_FAILED. */
  write(frames: string, zone: Name, file: string, maxBytes: number): Promise<void>
  /** Writes what a zone file and differences from it come to. Rejects likewise, also where they are not of that file. */
  change(
    text: string,
    frames: string,
    zone: Name,
    file: string,
    maxBytes: number,
  ): Promise<{ readonly added: number; readonly deleted: number }>
  /** The lines of a list that speak of a name. Rejects likewise. */
  explain(file: ListFile, name: Name, most: number): Promise<readonly RuleLine[]>
}

export function listWork(log: Log): ListWork {
  const ask = async (method: string, given: readonly unknown[]) => {
    const thread = await startCallThread({ module: MODULE, name: 'lists', data: undefined, log })
    try {
      return await thread.call(method, given)
    } finally {
      await thread.close()
    }
  }
  return {
    compile: async (files, seed) => (await ask('compile', [files, seed])) as Compiled,
    write: async (frames, zone, file, maxBytes) => void (await ask('write', [frames, zone.wire, file, maxBytes])),
    change: async (text, frames, zone, file, maxBytes) =>
      (await ask('change', [text, frames, zone.wire, file, maxBytes])) as { added: number; deleted: number },
    explain: async (file, name, most) => (await ask('explain', [file, name.wire, most])) as readonly RuleLine[],
  }
}

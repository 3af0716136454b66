/**
 * Local data of a configuration: reads the files that it names, and tells all that is wrong in them. Blocklists are written by
 * others, and change overnight: neither a wrong line nor a file that is gone may leave a house without DNS in the morning.
 */
import { fileTrouble } from '../base/index.ts'
import { parseName } from '../dns/index.ts'
import { compileLocal, type HostsFile, type LocalData, type LocalStats } from '../resolver/settings.ts'
import type { ConfigValues } from './sections/schema.ts'
import type { FileFault, LoadRequest, Problem } from './types.ts'

/** The reader of files, and 8 random bytes for tables of names that strangers chose. */
export type LocalSources = Pick<LoadRequest, 'readFile' | 'hashSeed'>

/** `problems`: what the operator has to correct first. `faults`: what is passed over. */
export interface LocalReport {
  readonly problems: Problem[]
  readonly faults: FileFault[]
}

export function readLocal(
  settings: ConfigValues['local'],
  sources: LocalSources,
  { problems, faults }: LocalReport,
): LocalData {
  const hosts = settings.hosts.flatMap((file): HostsFile[] => {
    const text = readHosts(file, sources, faults)
    return text === undefined ? [] : [{ file, text }]
  })
  const compiled = compileLocal(
    { ...settings, allow: settings.allow.map((text) => parseName(text)), hosts },
    sources.hashSeed ?? new Uint8Array(8),
  )
  problems.push(...compiled.problems.map(({ path, message }) => ({ path: `local.${path}`, message })))
  faults.push(...compiled.faults.map(({ path, message }) => ({ path: `local.${path}`, message, isUnread: false })))
  return compiled.data
}

function readHosts(file: string, { readFile }: LocalSources, faults: FileFault[]): string | undefined {
  const problem = (message: string) => faults.push({ path: 'local.hosts', message, isUnread: true })
  try {
    const text = readFile(file, 'lenient')
    if (text === undefined) problem(`there is no file ${file}: correct the path`)
    return text
  } catch (error) {
    problem(fileTrouble(file, error))
    return undefined
  }
}

/** What `chordns hosts check` says of a file. */
export interface HostsCheck {
  readonly stats: LocalStats
  readonly problems: readonly string[]
}

export function checkHosts(file: string, sources: LocalSources): HostsCheck {
  const faults: FileFault[] = []
  const data = readLocal({ hosts: [file], records: [], zones: {}, allow: [] }, sources, { problems: [], faults })
  return { stats: data.stats(), problems: faults.map(({ message }) => message) }
}

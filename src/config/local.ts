/** Local data of a configuration: reads the files that it names, and tells all that is wrong in them. */
import { fileTrouble } from '../base/index.ts'
import { compileLocal, type HostsFile, type LocalData, type LocalStats } from '../resolver/index.ts'
import type { ConfigValues } from './sections/schema.ts'
import type { LoadRequest, Problem } from './types.ts'

/** The reader of files, and 8 random bytes for tables of names that strangers chose. */
export type LocalSources = Pick<LoadRequest, 'readFile' | 'hashSeed'>

export function readLocal(settings: ConfigValues['local'], sources: LocalSources, problems: Problem[]): LocalData {
  const hosts = settings.hosts.flatMap((file): HostsFile[] => {
    const text = readHosts(file, sources, problems)
    return text === undefined ? [] : [{ file, text }]
  })
  const compiled = compileLocal({ ...settings, hosts }, sources.hashSeed ?? new Uint8Array(8))
  problems.push(...compiled.problems.map(({ path, message }) => ({ path: `local.${path}`, message })))
  return compiled.data
}

function readHosts(file: string, { readFile }: LocalSources, problems: Problem[]): string | undefined {
  const problem = (message: string) => problems.push({ path: 'local.hosts', message })
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
  const problems: Problem[] = []
  const data = readLocal({ hosts: [file], records: [], zones: {} }, sources, problems)
  return { stats: data.stats(), problems: problems.map(({ message }) => message) }
}

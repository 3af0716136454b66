/** What is in a backup of Pi-hole ("Teleporter"): JSON in a .tar.gz up to version 5; a database and a TOML file in a .zip since version 6. */

import { readArchive } from './archive.ts'
import { each } from './each.ts'
import { takeCname, takeHostsLine } from './pihole-records.ts'
import { takeSettings, takeSetupVars } from './pihole-settings.ts'
import { readTables } from './pihole-tables.ts'
import { takeTables } from './pihole-taking.ts'
import { refused } from './refused.ts'
import { Takeover } from './takeover.ts'

/** Throws IMPORT_REFUSED. */
export function importPihole(bytes: Uint8Array): Takeover {
  const files = readArchive(bytes)
  const taken = new Takeover()
  const known = [...files.keys()].filter((path) => READERS.some(([pattern]) => pattern.test(path)))
  const tables = readTables(files)
  if (tables === undefined && known.length === 0)
    throw refused('it is no backup of Pi-hole: neither its tables nor its settings are in it')
  if (tables === undefined) taken.leave('lists, groups and clients', 'they are not in this backup')
  else takeTables(tables.tables, taken)
  for (const [path, content] of files) {
    if (tables?.paths.has(path)) continue
    const reader = READERS.find(([pattern]) => pattern.test(path))
    if (reader === undefined) taken.leave(path, 'this file has no counterpart')
    else reader[1](textOf(path, content), taken)
  }
  return taken
}

type Reader = (text: string, taken: Takeover) => void

/** By the path in the archive. */
const READERS: readonly (readonly [RegExp, Reader])[] = [
  [/(^|\/)pihole\.toml$/, takeSettings],
  [/(^|\/)setupVars\.conf$/, takeSetupVars],
  [/(^|\/)custom\.list$/, (text, taken) => each(linesOf(text), (line) => takeHostsLine(line, taken))],
  [
    /(^|\/)05-pihole-custom-cname\.conf$/,
    (text, taken) => each(linesOf(text), (line) => takeCname(line.replace(/^cname=/, ''), line, taken)),
  ],
  [
    /(^|\/)(04-pihole-static-dhcp|pihole-FTL|dnsmasq\.d\/.*)\.conf$/,
    (text, taken) => each(linesOf(text), (line) => taken.leave(line, OWN_DNSMASQ)),
  ],
  [
    /^(etc\/)?hosts$/,
    (text, taken) =>
      each(
        linesOf(text).filter((line) => !/\s(localhost|ip6-)/.test(line)),
        (line) => taken.leave(`hosts: ${line}`, 'name /etc/hosts in local.hosts if this machine is to answer it'),
      ),
  ],
]

const OWN_DNSMASQ = 'settings of dnsmasq have no counterpart here'

function linesOf(text: string): string[] {
  return text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
}

function textOf(path: string, content: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(content)
  } catch (cause) {
    throw refused(`${path} in it is no text`, cause)
  }
}

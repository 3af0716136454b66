/** Runs in the namespace: serves the zones of odd.ts on port 53 of their addresses. Argument: a JSON file {origin, file, addresses, copies}[]. */
import { readFileSync } from 'node:fs'
import { argv } from 'node:process'
import { createWorld } from '../world/index.ts'
import type { ServerSpec } from '../world/types.ts'
import { oddServerName, oddZones } from './odd.ts'

interface Served {
  readonly origin: string
  readonly file: string
  readonly addresses: readonly string[]
  /** Files by address. */
  readonly copies: Readonly<Record<string, string>>
}

const served = JSON.parse(readFileSync(argv[2]!, 'utf8')) as readonly Served[]
const behaviours = new Map(oddZones().map(({ origin, odd }) => [origin, odd ?? []]))

const servers: Record<string, ServerSpec> = {}
for (const { origin, addresses } of served)
  addresses.forEach((address, i) => {
    const behaviour = behaviours.get(origin)?.[i] ?? {}
    servers[oddServerName(origin, i)] = { addresses: [address], behaviour }
  })

await createWorld({
  servers,
  port: 53,
  zones: served.map(({ origin, file, addresses, copies }) => ({
    origin,
    servers: addresses.map((_, i) => oddServerName(origin, i)),
    text: readFileSync(file, 'utf8'),
    copies: Object.fromEntries(
      addresses.flatMap((address, i) =>
        copies[address] === undefined ? [] : [[oddServerName(origin, i), readFileSync(copies[address], 'utf8')]],
      ),
    ),
  })),
})

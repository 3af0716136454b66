/** A registrar's front in this process, on a port to the node. */
import type { Endpoint, Log } from '../../base/index.ts'
import { systemClock } from '../../io/index.ts'
import { Clients } from './clients.ts'
import { RegistrarDesk } from './desk.ts'
import { type RegistrarFront, startFront } from './front.ts'
import type { RegistrarNode } from './node-port.ts'

export interface RegistrarDeps {
  readonly node: RegistrarNode
  readonly clientsFile: string
  readonly hosts: readonly string[]
  /** What one command may cost at most. */
  readonly mostUnits: number
  readonly log: Log
}

/** Rejects with REGISTRAR_*, FILE_UNREADABLE. */
export function startRegistrar(
  listen: Endpoint,
  { node, clientsFile, hosts, mostUnits, log }: RegistrarDeps,
): Promise<RegistrarFront> {
  const clock = systemClock()
  const desk = new RegistrarDesk({ node, now: () => clock.now(), mostUnits })
  const clients = new Clients(clientsFile)
  return startFront(listen, { desk, clients, log, hosts, monotonic: () => clock.monotonic() })
}

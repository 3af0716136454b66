/** Whether a resolver answers a real question, as a stub resolver of the LAN would ask it. */
import { Resolver } from 'node:dns/promises'

export interface LookUp {
  readonly server: string
  readonly name: string
  readonly ms: number
  /** Undefined: it failed. */
  readonly addresses?: readonly string[]
  readonly error?: string
}

/** `server`: an address, with its port if that is not 53. Never rejects. */
export async function lookUp(server: string, name: string, timeoutMs: number): Promise<LookUp> {
  const resolver = new Resolver({ timeout: timeoutMs, tries: 1 })
  resolver.setServers([server])
  const begun = performance.now()
  const told = () => ({ server, name, ms: Math.round(performance.now() - begun) })
  try {
    const addresses = await resolver.resolve4(name)
    return { ...told(), addresses }
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'UNKNOWN'
    return { ...told(), error: code }
  } finally {
    resolver.cancel()
  }
}

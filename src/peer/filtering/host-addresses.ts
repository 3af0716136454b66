/** The addresses of a host of lists, by this node's own resolver: no listener is needed for it. */
import { addressText, Class, parseName, rcodeToText, Type } from '../../dns/index.ts'
import type { Resolver } from '../../resolver/index.ts'

export function hostAddresses(resolver: () => Pick<Resolver, 'resolve'>) {
  return async (host: string, signal: AbortSignal): Promise<readonly string[]> => {
    const name = parseName(host)
    const found = await Promise.all(
      [Type.A, Type.AAAA].map((type) =>
        resolver().resolve({
          question: { name, type, class: Class.IN },
          recursionDesired: true,
          checkingDisabled: false,
          dnssecOk: false,
          authenticData: false,
          // No list blocks its own host.
          client: 'lists',
          signal,
        }),
      ),
    )
    const addresses = found.flatMap(({ answers }) =>
      answers.flatMap(({ type, rdata }) => (type === Type.A || type === Type.AAAA ? [addressText(rdata)] : [])),
    )
    const [first] = found
    if (addresses.length === 0) throw new Error(`${rcodeToText(first!.rcode)} ${first!.ede[0]?.text ?? ''}`.trim())
    return addresses
  }
}

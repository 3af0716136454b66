/** Which addresses of a ring's members a token should carry. Pure. */

/** Own addresses first. Those of the loopback are told only where there are no others: then all are on one machine. */
export function worthTelling(members: readonly { readonly addresses: readonly string[] }[]): string[] {
  const all = [...new Set(members.flatMap(({ addresses }) => addresses))]
  const outer = all.filter((address) => !/^\/(ip4\/127\.|ip6\/::1\/)/.test(address))
  return outer.length > 0 ? outer : all
}

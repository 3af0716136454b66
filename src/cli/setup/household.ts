/** What makes a node a box of a household. Pure. */

/** The configuration with it; undefined where it is so already. */
export function householdConfig(
  before: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> | undefined {
  const { ring } = before
  const known: Readonly<Record<string, unknown>> =
    typeof ring === 'object' && ring !== null && !Array.isArray(ring) ? (ring as Record<string, unknown>) : {}
  const wanted = { enabled: true, acceptFrom: 'any-member', mdns: true }
  if (Object.entries(wanted).every(([key, value]) => known[key] === value)) return undefined
  return { ...before, ring: { ...known, ...wanted } }
}

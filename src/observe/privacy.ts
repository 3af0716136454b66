/** How much of a question is kept, from nothing to all. Pure. */

/**
 * `off`: counts only, no name and no client. `names`: what was asked, not by whom. `clients`: also a mark for who asked, by which one client can be
 * told from another, and not which it is. `full`: addresses, and the names of devices.
 */
export const PRIVACY_LEVELS = ['off', 'names', 'clients', 'full'] as const
export type PrivacyLevel = (typeof PRIVACY_LEVELS)[number]

export function isPrivacyLevel(text: string): text is PrivacyLevel {
  return PRIVACY_LEVELS.some((one) => one === text)
}

/** Names that are in no log, and those below them. Given in any case, with or without the dot at the end. */
export function ignoresOf(names: readonly string[]): (name: string) => boolean {
  const all = new Set(names.map(plainName))
  if (all.size === 0) return () => false
  return (name) => {
    for (let rest = plainName(name); ; rest = rest.slice(rest.indexOf('.') + 1)) {
      if (all.has(rest)) return true
      if (!rest.includes('.')) return false
    }
  }
}

function plainName(name: string): string {
  return name.toLowerCase().replace(/\.$/, '')
}

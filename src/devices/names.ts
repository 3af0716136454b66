/** What devices call themselves, as names in DNS. Pure. */
import { limits } from './limits.ts'

/** Names that mean something to other machines: whoever calls itself `wpad` would be asked for everybody's proxy. */
const REFUSED: ReadonlySet<string> = new Set(['wpad', 'isatap', 'localhost', 'localdomain', 'resolver', 'service'])

/**
 * A label of letters, digits and hyphens out of what a device says, such as "Anna's iPhone" or "tv.fritz.box"; undefined where nothing is
 * left, or it is a name that no device may have.
 */
export function labelOf(text: string): string | undefined {
  const [first = ''] = text.trim().split('.')
  const label = first
    .normalize('NFKD')
    .replace(/[\u0300-\u036f'\u2018\u2019]/g, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, limits.MAX_LABEL)
    .replace(/^-+|-+$/g, '')
  return label === '' || REFUSED.has(label) ? undefined : label
}

/** For people: without what no terminal should be sent. */
export function shownName(text: string): string | undefined {
  const shown = text
    .replace(/\p{C}+/gu, ' ')
    .trim()
    .slice(0, limits.MAX_LABEL)
  return shown === '' || shown === '*' ? undefined : shown
}

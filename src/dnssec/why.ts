/** Extended errors of validation (RFC 8914): one code for each reason, with a text that names zone, set and key. */
import { Ede, type ExtendedError, type Name, nameToText, type RRset, typeToText } from '../dns/index.ts'

export function why(code: number, text: string): ExtendedError {
  return { code, text }
}

export function bogus(text: string): ExtendedError {
  return why(Ede.DNSSEC_BOGUS, text)
}

/** `www.example. A` */
export function setText({ name, type }: Pick<RRset, 'name' | 'type'>): string {
  return `${nameToText(name)} ${typeToText(type)}`
}

/** `key 20326 of example.` */
export function keyText(tag: number, zone: Name): string {
  return `key ${tag} of ${nameToText(zone)}`
}

/** Local records of Pi-hole, as dnsmasq has them. Pure. */
import type { Takeover } from './takeover.ts'

/** `192.168.1.5 nas.lan other.lan`. */
export function takeHostsLine(line: string, taken: Takeover): void {
  const [address = '', ...names] = line.replace(/#.*/, '').trim().split(/\s+/)
  if (names.length === 0) taken.leave(line, 'it is no line of address and names')
  for (const name of names) taken.address(name, address, line)
}

/** `alias,target` or `alias,other,target,ttl`: all but the last name are aliases. */
export function takeCname(text: string, what: string, taken: Takeover): void {
  const parts = text.split(',').map((part) => part.trim())
  const ttl = /^\d+$/.test(parts.at(-1) ?? '') ? Number(parts.pop()) : undefined
  const target = parts.pop()
  if (target === undefined || parts.length === 0) taken.leave(what, 'it is no alias with a target')
  else for (const name of parts) taken.alias(name, target, what, ttl)
}

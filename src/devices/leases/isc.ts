/** dhcpd.leases of ISC: blocks `lease ADDRESS { ... }`; a later block on an address replaces the earlier ones. Pure. */
import { normalIp, normalMac } from '../addresses.ts'
import type { FactsRead } from '../facts.ts'
import { FactList } from './fact-list.ts'

interface Block {
  readonly address: string
  mac: string | undefined
  name: string | undefined
  isOver: boolean
}

/** `now`: Unix seconds. */
export function readIsc(text: string, now: number): FactsRead {
  const list = new FactList()
  let block: Block | undefined
  for (const [line, number] of list.lines(text)) {
    const begun = /^\s*lease\s+(\S+)\s*\{/.exec(line)
    if (begun !== null) {
      const address = normalIp(begun[1]!)
      if (address === undefined) list.fault(number, `${begun[1]!.slice(0, 60)} is no address`)
      block = address === undefined ? undefined : { address, mac: undefined, name: undefined, isOver: false }
      continue
    }
    if (block === undefined) continue
    if (/^\s*\}/.test(line)) {
      if (block.isOver) list.remove(block.address)
      else list.add(block)
      block = undefined
    } else readStatement(line, block, now)
  }
  // A block that is being written has no end yet.
  return list.read()
}

function readStatement(line: string, block: Block, now: number): void {
  const hardware = /^\s*hardware\s+\S+\s+([0-9a-fA-F:]+)\s*;/.exec(line)
  if (hardware !== null) block.mac = normalMac(hardware[1]!)
  const name = /^\s*client-hostname\s+"((?:[^"\\]|\\.)*)"\s*;/.exec(line)
  if (name !== null) block.name = unquoted(name[1]!)
  const state = /^\s*binding\s+state\s+(\w+)\s*;/.exec(line)
  if (state !== null && state[1] !== 'active') block.isOver = true
  const ends = endOf(line)
  if (ends !== undefined && ends < now) block.isOver = true
}

/** `ends 4 2026/11/29 12:00:00;` in UTC, or `ends epoch 1796000000;`. */
function endOf(line: string): number | undefined {
  const epoch = /^\s*ends\s+epoch\s+(\d{1,12})\s*;/.exec(line)
  if (epoch !== null) return Number(epoch[1])
  const date = /^\s*ends\s+\d\s+(\d{4})\/(\d\d)\/(\d\d)\s+(\d\d:\d\d:\d\d)\s*;/.exec(line)
  if (date === null) return undefined
  const time = Date.parse(`${date[1]}-${date[2]}-${date[3]}T${date[4]}Z`)
  return Number.isNaN(time) ? undefined : time / 1000
}

/** Octets that are no ASCII stand as three octal digits. */
function unquoted(text: string): string {
  const bytes: number[] = []
  for (const [, octal, escaped, plain] of text.matchAll(/\\([0-3][0-7]{2})|\\(.)|([^\\]+)/gs))
    if (octal !== undefined) bytes.push(Number.parseInt(octal, 8))
    else bytes.push(...new TextEncoder().encode(escaped ?? plain ?? ''))
  return new TextDecoder().decode(Uint8Array.from(bytes))
}

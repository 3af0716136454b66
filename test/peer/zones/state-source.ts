/** A state of entries that a test makes by hand, handed out in pieces as a node does it. */
import { fromHex, toHex } from '../../../src/base/index.ts'
import { encodeCanonical, sha256 } from '../../../src/crypto/index.ts'
import { parseName } from '../../../src/dns/index.ts'
import {
  defaultPolicy,
  encodeRecord,
  type NameLife,
  type NameRecord,
  type NameServer,
  nameStateKey,
  policyStateKey,
  policyToValue,
} from '../../../src/ledger/index.ts'
import type { FetchStatePiece } from '../../../src/peer/zones/scan.ts'
import { memoryState } from '../../chain/state/local-state.ts'

export const NOW = 1_800_000_000_000
export const DAY = 86_400_000
export const ascii = (text: string) => new TextEncoder().encode(text)

export type Entries = ReadonlyMap<string, Uint8Array>

/** Times in ms after `NOW`. */
export interface NameWish {
  readonly ends?: number
  readonly resolves?: number
  readonly life?: Partial<NameLife>
  readonly servers?: readonly string[]
  readonly owner?: null
}

const policy = { ...defaultPolicy, payee: new Uint8Array(32) }

/** `NAME=ADDRESS`, or a name alone. */
export function server(text: string): NameServer {
  const [name, address] = text.split('=')
  return {
    name: parseName(name!),
    addresses: address === undefined ? [] : [Uint8Array.from(address.split('.'), Number)],
  }
}

export function recordOf(label: string, wish: NameWish = {}): NameRecord {
  const expires = NOW + (wish.ends ?? 100 * DAY)
  const ds = [Uint8Array.from([18, 103, 15, 2, ...sha256(ascii(label))])]
  const servers = (wish.servers ?? ['ns.hoster.net.']).map(server)
  return {
    owner: wish.owner === null ? undefined : sha256(ascii(`owner ${label}`)),
    settings: wish.owner === null ? undefined : { updateByCds: true, ds, servers },
    generation: 1,
    sequence: 0,
    registered: NOW - 200 * DAY,
    commit: 1,
    committed: NOW - 200 * DAY,
    newestCds: 0,
    expires,
    life: {
      resolves: wish.resolves === undefined ? expires + policy.graceMs : NOW + wish.resolves,
      freed: 0,
      isLocked: false,
      lockedUntil: 0,
      frozenUntil: 0,
      guardians: undefined,
      round: 0,
      judgedFrom: NOW,
      pending: undefined,
      ...wish.life,
    },
  }
}

export function namesState(names: Readonly<Record<string, NameWish>>, more: Entries = new Map()): Entries {
  const entries = new Map(more)
  entries.set(toHex(policyStateKey), encodeCanonical(policyToValue(policy)))
  for (const [label, wish] of Object.entries(names))
    entries.set(toHex(nameStateKey(ascii(label))), encodeRecord(recordOf(label, wish)))
  return entries
}

/** Of the state after block `height`, made at `NOW` and so many minutes as its height. */
export async function sourceOf(entries: Entries, height: number): Promise<FetchStatePiece> {
  const state = memoryState()
  const changes = [...entries].map(([key, value]) => ({ key: fromHex(key), value }))
  const root = await state.prepare(height, changes)
  await state.commit(height, root)
  return async (at, from) => ({
    chain: 'p2p',
    chainId: '11'.repeat(32),
    height: at ?? height,
    time: NOW + height * 60_000,
    stateRoot: toHex(root),
    piece: Buffer.from(await state.piece({ height, from: fromHex(from), to: undefined })).toString('base64'),
  })
}

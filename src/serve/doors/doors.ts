/** All sockets of a front end: those of listed addresses, and those of wildcards, which come and go. */
import type { Endpoint } from '../../base/index.ts'
import { endpointText, isWildcard, parseListenAddress } from '../access/addresses.ts'
import type { BoundAddress, ListenOptions, Protocol } from '../types.ts'
import { closeAll, ENCRYPTED, listed, openAll, PLAIN } from './listen.ts'
import { type Wildcard, type WildcardDeps, WildcardDoors } from './wildcard.ts'

export interface DoorsDeps extends Omit<WildcardDeps, 'listed' | 'localAddresses' | 'onChange'> {
  /** Undefined: a wildcard is one socket, and the system chooses where its replies leave from. */
  readonly localAddresses?: WildcardDeps['localAddresses'] | undefined
}

export interface DoorSet {
  /** As they are now. */
  addresses(): readonly BoundAddress[]
  /** No more questions are taken; answers still go out. */
  stopTaking(): Promise<void>
  close(): Promise<void>
}

/** Binds all, or throws LISTEN_FAILED (detail: ListenFailure) and leaves nothing bound. */
export async function openDoors(listen: ListenOptions, deps: DoorsDeps): Promise<DoorSet> {
  const { localAddresses } = deps
  const { plain, wildcards } = split(listen, localAddresses !== undefined && canSay(localAddresses))
  const fixed = await openAll(plain, deps.open, deps.log)
  // Kept, since every query to an authority is checked against it.
  let bound: readonly BoundAddress[] | undefined
  const onChange = () => {
    bound = undefined
  }
  const wild =
    localAddresses === undefined
      ? []
      : wildcards.map((one) => followed(one, plain, { ...deps, localAddresses, onChange }))
  const all = () => [...fixed, ...wild.flatMap((one) => one.doors())]
  try {
    for (const one of wild) await one.start()
  } catch (error) {
    for (const one of wild) one.stop()
    await closeAll(all())
    throw error
  }
  return {
    addresses: () => (bound ??= all().map(({ protocol, door }) => ({ protocol, ...door.endpoint }))),
    async stopTaking() {
      for (const one of wild) one.stop()
      await Promise.all(all().map(({ door }) => door.stopTaking()))
    },
    close: () => closeAll(all()),
  }
}

function followed(one: Wildcard, plain: ListenOptions, deps: Omit<WildcardDeps, 'listed'>): WildcardDoors {
  const texts = (protocol: Protocol) => (plain === 'auto' ? [] : listed(plain, protocol))
  const isListed = (protocol: Protocol, endpoint: Endpoint) => texts(protocol).includes(endpointText(endpoint))
  return new WildcardDoors(one, { ...deps, listed: isListed })
}

/** `isFollowed` false: wildcards are listed addresses like others. */
function split(listen: ListenOptions, isFollowed: boolean): { plain: ListenOptions; wildcards: Wildcard[] } {
  if (listen === 'auto' || !isFollowed) return { plain: listen, wildcards: [] }
  const isWild = (text: string) => isWildcard(parseListenAddress(text).address)
  const fixed = (protocol: Protocol) => listed(listen, protocol).filter((text) => !isWild(text))
  const plain = { udp: fixed('udp'), tcp: fixed('tcp'), tls: fixed('tls'), https: fixed('https') }
  const wildOf = (group: readonly Protocol[]) =>
    [...new Set(group.flatMap((protocol) => listed(listen, protocol)))].filter(isWild).map((text): Wildcard => {
      const protocols = group.filter((protocol) => listed(listen, protocol).includes(text))
      return { protocols, endpoint: parseListenAddress(text) }
    })
  const wildcards = [...wildOf(PLAIN), ...ENCRYPTED.flatMap((protocol) => wildOf([protocol]))]
  return { plain, wildcards }
}

/** Where the system does not tell its addresses (some sandboxes), one socket for all is better than none. */
function canSay(localAddresses: WildcardDeps['localAddresses']): boolean {
  try {
    return localAddresses().length > 0
  } catch {
    return false
  }
}

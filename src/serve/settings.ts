/** What the configuration says of the door, read and checked: all that `config` needs of this room, without the doors. */
export { compileAccess, somebodyMayAsk } from './access/access.ts'
export { endpointText, isLoopback, isWildcard, parseListenAddress } from './access/addresses.ts'
export { limits as serveLimits, type ServeLimits } from './limits.ts'
export type {
  AccessOptions,
  BoundAddress,
  FastOptions,
  IdentityOptions,
  ListenOptions,
  Protocol as ServeProtocol,
  ServeOptions,
  TlsOptions,
} from './types.ts'

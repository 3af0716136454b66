/**
 * The door for stub resolvers. `createFrontEnd` begins it: the doors (sockets) bring packets to the desk, which asks the
 * resolver and hands back the bytes of the reply; access says who may ask.
 *
 * `parseListenAddress`, `endpointText` and `compileAccess` read what the configuration says of it. `tellSupervisor` tells systemd.
 */
export { compileAccess, somebodyMayAsk } from './access/access.ts'
export { endpointText, isLoopback, isWildcard, parseListenAddress } from './access/addresses.ts'
export { inheritedSockets } from './doors/inherited.ts'
export type { ListenFailure } from './doors/listen.ts'
export { tellSupervisor } from './fast/system/supervisor.ts'
export { createFrontEnd } from './front-end.ts'
export { limits as serveLimits, type ServeLimits } from './limits.ts'
export type {
  AccessOptions,
  BoundAddress,
  FastOptions,
  FastPathStats,
  FrontEnd,
  FrontEndDeps,
  FrontEndHooks,
  IdentityOptions,
  InheritedSocket,
  ListenOptions,
  LocalAddress,
  Protocol as ServeProtocol,
  QueryEvent,
  ServeOptions,
  ServeStats,
  TlsOptions,
  WireEvent,
} from './types.ts'

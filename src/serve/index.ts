export { compileAccess } from './access.ts'
export { endpointText, isLoopback, parseListenAddress } from './addresses.ts'
export { createFrontEnd } from './front-end.ts'
export { limits as serveLimits, type ServeLimits } from './limits.ts'
export type { ListenFailure } from './listen.ts'
export type {
  AccessOptions,
  BoundAddress,
  FrontEnd,
  FrontEndParts,
  ListenOptions,
  QueryEvent,
  ServeOptions,
  ServeStats,
} from './types.ts'

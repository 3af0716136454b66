/**
 * dnstap: copies of DNS messages for a program of the operator's. A node loads it only where `queries.dnstap` names a reader.
 * `encodePayload` makes the octets of a message; `DnstapWriter` sees them to an outlet and never keeps anybody waiting.
 */
export { FileOutlet } from './file-outlet.ts'
export type { Outlet } from './outlet.ts'
export { encodePayload, type TapMessage, type TapMessageType, type TapSender } from './payload.ts'
export { SocketOutlet } from './socket-outlet.ts'
export { type DnstapStats, DnstapWriter } from './writer.ts'

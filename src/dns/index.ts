export type { BadTextDetail, MalformedDetail } from './errors.ts'
export { limits as dnsLimits } from './limits.ts'
export { edeOption, findOption, optionsOf, readEde } from './message/edns.ts'
export { encodeMessage, encodeWithin } from './message/encode.ts'
export {
  decodeMessage,
  decodeReply,
  type MessageHeader,
  makeQuery,
  peekHeader,
  type QueryOptions,
} from './message/message.ts'
export { framedForTcp, type TcpMessageBounds, TcpMessageReader } from './message/tcp.ts'
export {
  canonicalName,
  childLabel,
  commonAncestor,
  compareNames,
  firstLabel,
  isSubdomain,
  isWildcard,
  labelsOf,
  nameFromWire,
  parentName,
  prependLabel,
  ROOT,
  sameName,
  sameQuestion,
  suffixName,
} from './names/names.ts'
export { nameToText, parseName } from './names/names-text.ts'
export { readName } from './names/names-wire.ts'
export * from './rdata/index.ts'
export { canonicalRRset, coveredType, groupRRsets, rrsetKey, rrsetToRecords } from './rrset.ts'
export { addressRdata, addressText } from './text/addresses.ts'
export { classFromText, classToText, opcodeToText, rcodeToText, typeFromText, typeToText } from './text/types-text.ts'
export type {
  Delegation,
  Edns,
  EdnsOption,
  ExtendedError,
  Message,
  Name,
  Question,
  ResourceRecord,
  RRset,
} from './types.ts'
export { Class, Ede, Opcode, OptionCode, Rcode, Type } from './types.ts'
export { parseZone, recordToText, type ZoneOptions } from './zonefile.ts'

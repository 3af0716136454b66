/**
 * The data of the DNS, byte-exact. What to use when:
 *
 * - bytes came from the network: `peekHeader` for who only has to refuse, `decodeMessage` for a query, `decodeReply` for what a server
 *   sent; what they return shares no memory with the packet. Over TCP, `TcpMessageReader` cuts the stream into messages;
 * - bytes go out: `makeQuery` and `encodeMessage`, or `encodeWithin` where the other side has a size limit;
 * - a name: `parseName` and `nameToText` for people, and `sameName`, `isSubdomain`, `suffixName` for everything else. A name is
 *   its wire form with its case; comparing its text, or its bytes with `===`, is wrong;
 * - records: `groupRRsets` makes RRsets of them, `canonicalRRset` is what is signed, `viewRdata` reads the fields of one;
 * - text: `parseZone` for zone files and lines of them, `recordToText` for the other way.
 *
 * Wrong bytes from outside are DNS_MALFORMED, wrong text is DNS_BAD_TEXT; only what this node itself puts together wrongly is
 * DNS_TOO_LONG or DNS_UNENCODABLE.
 */
export { agedDelegation, dsTtlOf, lessDs } from './delegation.ts'
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
export { openedIn, parseZone, recordToText, type ZoneOptions, ZoneReader } from './zonefile.ts'

/** EDNS(0) options (RFC 6891 section 6.1.2) and Extended DNS Errors (RFC 8914). */
import { malformed, tooLong } from '../errors.ts'
import { limits } from '../limits.ts'
import { type EdnsOption, type ExtendedError, type Message, OptionCode } from '../types.ts'

/** The options of a message's OPT record; none without EDNS. */
export function optionsOf(message: Message): readonly EdnsOption[] {
  return message.edns?.options ?? []
}

/** The first option with this code. */
export function findOption(options: readonly EdnsOption[], code: number): EdnsOption | undefined {
  return options.find((option) => option.code === code)
}

/** Option 15: INFO-CODE and EXTRA-TEXT in UTF-8 (RFC 8914 section 2). */
export function edeOption({ code, text }: ExtendedError): EdnsOption {
  if (code < 0 || code > 0xffff) throw tooLong('INFO-CODE', code, 0xffff)
  const extra = text === undefined || text === '' ? new Uint8Array() : new TextEncoder().encode(text)
  const data = new Uint8Array(2 + extra.length)
  data[0] = code >> 8
  data[1] = code & 0xff
  data.set(extra, 2)
  return { code: OptionCode.EDE, data }
}

/**
 * The extended errors among the options, in order, at most 16. One too short to have a code is passed over, and wrong UTF-8
 * shows as U+FFFD: an error about an error helps nobody. The text is the sender's: escape it before a terminal sees it.
 */
export function readEde(options: readonly EdnsOption[]): ExtendedError[] {
  const errors: ExtendedError[] = []
  for (const { code, data } of options) {
    if (code !== OptionCode.EDE || data.length < 2) continue
    if (errors.length === limits.MAX_EXTENDED_ERRORS) break
    const infoCode = (data[0]! << 8) | data[1]!
    // Section 2: a final NUL may be there and is to be taken off.
    const text = new TextDecoder().decode(data.subarray(2)).replace(/\0$/, '')
    errors.push(text === '' ? { code: infoCode } : { code: infoCode, text })
  }
  return errors
}

/** Reads the options in `[offset, end)` of a message. Data is copied. Throws DNS_MALFORMED on overrun or too many. */
export function readOptions(message: Uint8Array, offset: number, end: number): EdnsOption[] {
  const options: EdnsOption[] = []
  for (let at = offset; at < end; ) {
    if (end - at < 4) throw malformed(at, 'an EDNS option ends early')
    const code = (message[at]! << 8) | message[at + 1]!
    const length = (message[at + 2]! << 8) | message[at + 3]!
    if (length > end - at - 4) throw malformed(at, 'an EDNS option runs over the end of OPT')
    if (options.length === limits.MAX_EDNS_OPTIONS) throw malformed(at, 'too many EDNS options')
    options.push({ code, data: message.slice(at + 4, at + 4 + length) })
    at += 4 + length
  }
  return options
}

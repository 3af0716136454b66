/** Values that several sections use: each says in words what it takes. */
import { multiaddr } from '@multiformats/multiaddr'
import ipaddr from 'ipaddr.js'
import { z } from 'zod'
import { errorText } from '../../base/index.ts'
import { parseName } from '../../dns/index.ts'
import { parseListenAddress } from '../../serve/settings.ts'

/** A configuration is read once: making a function that reads it takes longer than reading it. */
z.config({ jitless: true })

/** A whole number from `least` to `most`. `error` says what else may stand there. */
export const whole = (least: number, most: number, error = `must be a whole number from ${least} to ${most}`) => {
  return z.int({ error, abort: true }).min(least, { error, abort: true }).max(most, { error })
}

export const flag = () => z.boolean({ error: 'must be true or false' })

/** A non-empty text. */
export const text = (what: string) =>
  z.string({ error: `must be ${what}` }).min(1, { error: `must be ${what}`, abort: true })

export const oneOf = <const T extends readonly [string, ...string[]]>(words: T) =>
  z.enum(words, { error: `must be one of ${words.map((word) => `"${word}"`).join(', ')}` })

export const list = <T extends z.ZodType>(item: T, most: number) =>
  z.array(item, { error: 'must be a list' }).max(most, { error: `must have at most ${most} entries` })

/** A name of the DNS. */
export const domain = () => text('a domain name').check((context) => fails(context, () => parseName(context.value)))

/** An IP literal without port. */
export const address = () =>
  text('an IP address').refine(isAddress, { error: 'must be an IP address, such as "192.0.2.1" or "2001:db8::1"' })

export function isAddress(value: string): boolean {
  return ipaddr.IPv4.isValidFourPartDecimal(value) || ipaddr.IPv6.isValid(value)
}

/** Address and port that a socket is bound to. */
export const listenAddress = () =>
  text('an address and port').check((context) => fails(context, () => parseListenAddress(context.value)))

/** A libp2p multiaddr. */
export const peerAddress = () =>
  text('a multiaddr').check((context) =>
    fails(context, () => {
      if (multiaddr(context.value).getComponents().length === 0)
        throw new Error('must be a multiaddr such as "/ip4/192.0.2.1/tcp/4153"')
    }),
  )

/** What `parse` throws becomes the problem's text. */
export function fails(context: z.core.ParsePayload<unknown>, parse: () => unknown): void {
  try {
    parse()
  } catch (error) {
    context.issues.push({ code: 'custom', message: errorText(error), input: context.value })
  }
}

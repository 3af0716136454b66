import { z } from 'zod'
import { domain, flag, list, listenAddress, oneOf, text, whole } from './values.ts'

const MESSAGES = [
  'client-query',
  'client-response',
  'resolver-query',
  'resolver-response',
  'forwarder-query',
  'forwarder-response',
] as const

const dnstap = z
  .strictObject({
    socket: text('the path of a socket')
      .optional()
      .describe('A program that reads dnstap listens on this Unix socket.'),
    server: listenAddress()
      .optional()
      .describe('Or on this address and port, over TCP: nothing is encrypted on the way.'),
    file: text('a file')
      .optional()
      .describe('Or this file is written, up to 100 MiB; what was there before becomes FILE.1.'),
    messages: list(oneOf(MESSAGES), MESSAGES.length)
      .default([...MESSAGES])
      .describe(
        'Which messages: of clients and back to them, to servers of zones and back, and likewise of iterator.forwards.',
      ),
    identity: text('a text')
      .max(255, { error: 'must have at most 255 characters' })
      .optional()
      .describe('Name of this server in each message; none if not given.'),
    version: flag().default(false).describe('Whether the version of this software is in each message.'),
  })
  .prefault({})

export const queries = z
  .strictObject({
    privacy: oneOf(['off', 'names', 'clients', 'full'])
      .default('off')
      .describe(
        'What the dashboard and `chordns queries` can say of single questions: nothing but counts; names; also marks by which clients can be told apart; or addresses and devices, too. Above "off" nothing is answered by the threads of serve.fast.',
      ),
    keep: whole(10, 100_000).default(5_000).describe('Questions that are kept at most, in memory only.'),
    hours: whole(1, 720).default(24).describe('Hours that they are kept for.'),
    ignore: list(domain(), 1_000).default([]).describe('Names that are never kept, and those below them.'),
    dnstap,
  })
  .prefault({})

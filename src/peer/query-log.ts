/** One line of the log for each question that is over, where the operator wants that (`log.queries`). */
import type { Log } from '../base/index.ts'
import { nameToText, rcodeToText, typeToText } from '../dns/index.ts'
import type { QueryEvent } from '../serve/index.ts'

export interface QueryLog {
  /** A reload may change it. */
  isOn: boolean
  readonly heard: (event: QueryEvent) => void
}

export function createQueryLog(log: Pick<Log, 'info'>, isOn: boolean): QueryLog {
  const self: QueryLog = {
    isOn,
    heard: ({ question, client, protocol, rcode, security, provenance, elapsedMs }) => {
      if (!self.isOn || question === undefined) return
      const detail = {
        question: `${nameToText(question.name)} ${typeToText(question.type)}`,
        client,
        protocol,
        rcode: rcode === undefined ? 'no reply' : rcodeToText(rcode),
        ...(security !== undefined && { security }),
        ...(provenance !== undefined && { provenance }),
        ms: Math.round(elapsedMs * 10) / 10,
      }
      log.info(detail, 'query')
    },
  }
  return self
}

/** What an open page is told: the pulse of the node once a second, and the questions that are over, where they are written down and it wants them. */
import type { PulseView, QueryRow } from '../dashboard-views.ts'
import { limits } from '../limits.ts'
import type { QueryBook } from '../queries/book.ts'
import { StreamReply } from '../status-door.ts'

export interface EventsDeps {
  readonly pulse: () => PulseView
  readonly book: QueryBook
}

export function streamOf({ pulse, book }: EventsDeps, wantsRows: boolean): StreamReply {
  return new StreamReply((send, signal) => {
    const tell = (event: string, data: unknown) => send(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`)
    tell('pulse', pulse())
    const pulses = setInterval(() => tell('pulse', pulse()), limits.STREAM_MS)
    const rows = wantsRows ? sendRows(book, tell) : () => {}
    signal.addEventListener('abort', () => {
      clearInterval(pulses)
      rows()
    })
  })
}

/** Several at once; what is too much for the page is counted, and lost to it. */
function sendRows({ listeners }: QueryBook, tell: (event: string, data: unknown) => boolean): () => void {
  let waiting: QueryRow[] = []
  let lost = 0
  const stopHearing = listeners.add((row) => {
    if (waiting.length < limits.MAX_WAITING_ROWS) waiting.push(row)
    else lost++
  })
  const timer = setInterval(() => {
    if (waiting.length === 0) return
    const wasTaken = tell('queries', { rows: waiting, lost })
    lost = wasTaken ? 0 : lost + waiting.length
    waiting = []
  }, limits.ROWS_MS)
  return () => {
    stopHearing()
    clearInterval(timer)
  }
}

/** The status of a node in sentences, for people. Pure. */
import type { StatusView } from '../../observe/index.ts'

/** One sentence a line. `counters` is for whoever wants the numbers themselves. */
export function statusText(view: StatusView): string {
  return [
    `chordns ${view.version} has run for ${span(view.uptimeSeconds)} (pid ${view.pid}) and uses ${mib(view.memory.rssBytes)} of memory.`,
    listening(view),
    answering(view),
    ...cache(view),
    asking(view),
    ...ring(view),
    ...household(view),
  ].join('\n')
}

function listening({ listen }: StatusView): string {
  if (listen.length === 0) return 'It answers no stub resolvers.'
  const byPlace = new Map<string, string[]>()
  for (const { protocol, address, port } of listen) {
    const place = `${address} port ${port}`
    byPlace.set(place, [...(byPlace.get(place) ?? []), protocol.toUpperCase()])
  }
  return `It answers at ${list([...byPlace].map(([place, protocols]) => `${place} (${protocols.join(', ')})`))}.`
}

function answering({ serve }: StatusView): string {
  const of = numbers(serve)
  const queries = of('queries')
  if (queries === 0) return 'Nobody has asked it anything yet.'
  const parts = [
    `${count(of('answered'), 'was', 'were')} answered (${percent(of('fastAnswered'), queries)} at once, from what was answered before)`,
    ...(of('servfail') > 0 ? [`${of('servfail')} failed`] : []),
    ...(of('refused') > 0 ? [`${of('refused')} were refused`] : []),
    ...(of('dropped') + of('malformed') > 0
      ? [`${of('dropped') + of('malformed')} got no reply or were malformed`]
      : []),
  ]
  return `Of ${plural(queries, 'question')}, ${list(parts)}${of('inFlight') > 0 ? `; ${of('inFlight')} are in work` : ''}.`
}

function cache({ cache: counters }: StatusView): string[] {
  const of = numbers(counters)
  if (of('entries') === 0) return ['The cache is empty.']
  const known = `The cache knows ${plural(of('entries'), 'answer')} in ${mib(of('bytes'))} of ${mib(of('maxBytes'))}`
  const looks = of('hits') + of('misses')
  return [
    looks === 0 ? `${known}.` : `${known}; ${percent(of('hits'), looks)} of the looks into it found what they wanted.`,
  ]
}

function asking({ upstream }: StatusView): string {
  const of = numbers(upstream)
  const sent = of('upstreamQueries')
  if (sent === 0) return 'It has asked no name server yet.'
  const asked = `It has sent ${plural(sent, 'query', 'queries')} to name servers`
  if (of('upstreamBytes') === 0) return `${asked}, and none has answered: is this machine connected to the Internet?`
  return `${asked}, of which ${percent(of('timeouts'), sent)} were not answered in time.`
}

function ring({ ring: view, chunks, multiaddrs }: StatusView): string[] {
  if (view === null) return ['It is in no ring.']
  const others = view.members.length - 1
  if (others === 0) return [`It is alone in its ring "${view.ringId}"; \`chordns invite\` lets another machine in.`]
  const of = numbers(chunks)
  const joined = view.joined
    ? `It is in the ring "${view.ringId}" with ${plural(others, 'other')}`
    : `It joins the ring "${view.ringId}"`
  const away =
    view.turnedAway === undefined ? [] : [`${plural(view.turnedAway.members, 'member')} of the ring do not let it in.`]
  const suspects = view.members.filter(({ suspect }) => suspect).length
  return [
    `${joined}${suspects > 0 ? ` (${suspects} of them silent)` : ''}, keeps ${plural(of('entries'), 'agreed answer')} for it, and took ${of('accepted')} from it.`,
    ...away,
    ...(multiaddrs.length === 0 ? ['Others have no address to reach it at: set ring.announce.'] : []),
  ]
}

function household({ household: counters }: StatusView): string[] {
  if (counters === null) return []
  const of = numbers(counters)
  return [
    `It has told the other boxes of the household ${of('rowsTold')} times what it found, and taken over ${of('rowsTaken')} from them.`,
  ]
}

function numbers(counters: Readonly<Record<string, number>> | null): (key: string) => number {
  return (key) => counters?.[key] ?? 0
}

function list(parts: readonly string[]): string {
  return parts.length < 2 ? parts.join('') : `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}`
}

function plural(value: number, one: string, many = `${one}s`): string {
  return `${value} ${value === 1 ? one : many}`
}

function count(value: number, one: string, many: string): string {
  return `${value} ${value === 1 ? one : many}`
}

function percent(part: number, whole: number): string {
  return `${Math.round((100 * part) / whole)} %`
}

function mib(bytes: number): string {
  return `${(bytes / 1_048_576).toFixed(bytes < 10 * 1_048_576 ? 1 : 0)} MiB`
}

function span(seconds: number): string {
  const units: readonly (readonly [number, string])[] = [
    [86_400, 'day'],
    [3_600, 'hour'],
    [60, 'minute'],
  ]
  const [size, word] = units.find(([at]) => seconds >= 2 * at) ?? [1, 'second']
  return plural(Math.floor(seconds / size), word)
}

/** What must hold of a whole world once it is quiet: each check says what is wrong, or undefined. */
import type { Member } from './node.ts'

/** What is looked at of a member: its place among the others. */
type Placed = Pick<Member, 'index' | 'ring'>

/** One ordered ring of all members that are up, with exact lists, and the same table at each. */
export function ringFlaw(up: readonly Placed[], listLength: number): string | undefined {
  const ring = up.map((member) => ({ member, status: member.ring.status() }))
  ring.sort((a, b) => (a.status.self.id < b.status.self.id ? -1 : 1))
  const ids = ring.map(({ status }) => status.self.id)
  const length = Math.min(listLength, ring.length - 1)
  const short = (list: readonly string[]) => list.map((id) => id.slice(0, 4)).join(' ')
  for (const [i, { member, status }] of ring.entries()) {
    const { joined, predecessor, successors, members } = status
    if (!joined) return `${member.index} has not joined`
    const wanted = Array.from({ length }, (_, k) => ids[(i + k + 1) % ids.length]!)
    if (successors.join() !== wanted.join())
      return `${member.index}: its list is ${short(successors)} and not ${short(wanted)}`
    const before = ids[(i - 1 + ids.length) % ids.length]
    if (ids.length > 1 && predecessor !== before)
      return `${member.index}: its predecessor is ${predecessor?.slice(0, 4)} and not ${before?.slice(0, 4)}`
    const known = members.map(({ id }) => id)
    const stays = new Set(uncondemned(known, new Set(ids)))
    const present = known.filter((id) => !stays.has(id))
    if (present.join() !== ids.join()) return `${member.index} knows ${known.length} members of ${ids.length}`
  }
  return undefined
}

/** Witnesses of a death: half of them on each side. */
const WITNESSES = 8

/**
 * Members in a table, sorted, that are gone and of whose witnesses at most half are left: nobody may condemn them, and their
 * rows stay until they lapse (docs/decisions/0031).
 */
export function uncondemned<T extends string>(known: readonly T[], up: ReadonlySet<T>): T[] {
  return known.filter((id, at) => {
    if (up.has(id)) return false
    const others = [...known.slice(at + 1), ...known.slice(0, at)]
    const half = WITNESSES / 2
    const witnesses = others.length <= WITNESSES ? others : [...others.slice(0, half), ...others.slice(-half)]
    return 2 * witnesses.filter((one) => up.has(one)).length <= witnesses.length
  })
}

/**
 * The same replicas of every key, whoever is asked; and the same n, if `sameN`. n is the largest count of members that a node
 * has known: in a ring that had fewer than r + 1 members for a while, whoever came then knows less than the others.
 */
export function seatsFlaw(
  up: readonly Placed[],
  keys: readonly Parameters<Placed['ring']['replicasOf']>[0][],
  sameN: boolean,
): string | undefined {
  for (const key of keys) {
    const sets = up.map((member) => ({ member, ...member.ring.replicasOf(key) }))
    const least = Math.min(...sets.map(({ n }) => n))
    const text = ({ n, members }: (typeof sets)[number]) =>
      `${sameN ? `${n}: ` : ''}${members
        .slice(0, sameN ? members.length : least)
        .map(({ id }) => id.slice(0, 4))
        .join(' ')}`
    const other = sets.find((set) => text(set) !== text(sets[0]!))
    if (other !== undefined)
      return `${other.member.index} has the seats ${text(other)} and ${sets[0]!.member.index} has ${text(sets[0]!)}`
  }
  return undefined
}

/** At any time: a list in ring order, without self, without duplicates. */
export function listFlaw(member: Placed): string | undefined {
  const { self, successors } = member.ring.status()
  let turned = false
  let last = self.id as string
  for (const id of successors) {
    if (id === self.id) return `${member.index} is its own successor`
    if (id <= last) {
      if (turned) return `${member.index}: its list is not in ring order`
      turned = true
    }
    if (turned && id >= self.id) return `${member.index}: its list passes itself`
    last = id
  }
  return undefined
}

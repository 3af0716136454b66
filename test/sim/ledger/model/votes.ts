/** Votes: of each voter one voice a subject, in the term in which it votes; more than half of those who may vote now decide. */
export interface Voice {
  readonly account: string
  readonly since: number
}

export interface Voters {
  readonly size: number
  readonly counts: (voice: Voice) => boolean
}

const TERM_MS = 30 * 86_400_000

export class VoteModel {
  readonly #open = new Map<string, { readonly expires: number; readonly voices: readonly Voice[] }>()

  /** True: it is decided. `undecided`: nothing is changed, whatever comes of it. */
  cast(subject: string, voice: Voice, inFavour: boolean, time: number, voters: Voters): boolean {
    const { expires, voices, isWon } = this.#after(subject, voice, inFavour, time, voters)
    if (isWon || voices.length === 0) this.#open.delete(subject)
    else this.#open.set(subject, { expires, voices })
    return isWon
  }

  wouldWin(subject: string, voice: Voice, inFavour: boolean, time: number, voters: Voters): boolean {
    return this.#after(subject, voice, inFavour, time, voters).isWon
  }

  #after(subject: string, voice: Voice, inFavour: boolean, time: number, { size, counts }: Voters) {
    const known = this.#open.get(subject)
    const isOpen = known !== undefined && known.expires > time
    const others = isOpen ? known.voices.filter(({ account }) => account !== voice.account) : []
    const voices = [...others, ...(inFavour ? [voice] : [])].filter(counts)
    return { expires: isOpen ? known.expires : time + TERM_MS, voices, isWon: voices.length * 2 > size }
  }
}

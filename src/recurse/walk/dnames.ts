/** Owners of DNAMEs that were put into the cache, so that a name below one is not asked for (RFC 6672). */
import { RecentMap } from '../../base/index.ts'
import type { CacheContext } from '../../cache/index.ts'
import type { Name } from '../../dns/index.ts'

export class Dnames {
  readonly #owners: RecentMap<string, Name>

  constructor(max: number) {
    this.#owners = new RecentMap({ max })
  }

  get size(): number {
    return this.#owners.size
  }

  learn(context: CacheContext, owner: Name): void {
    this.#owners.set(keyOf(context, owner.key), owner)
  }

  /** The nearest name above `name` that had a DNAME when it was last looked at. */
  above(context: CacheContext, name: Name): Name | undefined {
    let at = 0
    for (let labels = name.labels; labels > 0; labels--) {
      at += 1 + name.key.charCodeAt(at)
      const owner = this.#owners.get(keyOf(context, name.key.slice(at)))
      if (owner !== undefined) return owner
    }
    return undefined
  }
}

function keyOf(context: CacheContext, ownerKey: string): string {
  return `${context}\0${ownerKey}`
}

/** For tables of small functions, where a loop does not fit. */
export function each<Item>(items: Iterable<Item>, work: (item: Item) => void): void {
  for (const item of items) work(item)
}

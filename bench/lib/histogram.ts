/** The value that this share of all counted ones does not exceed; index: value, entry: how often it was seen. 0 when nothing was. */
export function histogramQuantile(histogram: Uint32Array, share: number): number {
  const total = histogram.reduce((sum, count) => sum + count, 0)
  let seen = 0
  for (const [value, count] of histogram.entries()) {
    seen += count
    if (count > 0 && seen >= total * share) return value
  }
  return 0
}

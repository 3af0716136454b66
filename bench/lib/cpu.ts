/**
 * The CPU of this thread, exactly. Linux counts what a thread has computed at each tick of its clock, 4 ms here, and tells the time of the thread as of the last one; only who asks for the
 * time of the whole process makes it count up to now. Without that a piece of work of 2 ms costs nothing three times, and the fourth time 4 ms or more.
 */

/** Since the thread began, ms. */
export function threadCpuMs(): number {
  process.cpuUsage()
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1_000
}

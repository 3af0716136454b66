/** A disk that is slow to sync, for processes that are started from here on: fsync and fdatasync sleep in them. Needs gcc. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const SOURCE = `
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>
static void nap(void) {
  const char *text = getenv("SYNC_MS");
  long ms = text ? atol(text) : 0;
  struct timespec wait = { ms / 1000, (ms % 1000) * 1000000L };
  if (ms > 0) nanosleep(&wait, NULL);
}
int fsync(int fd) {
  static int (*real)(int);
  if (!real) real = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
  nap();
  return real(fd);
}
int fdatasync(int fd) {
  static int (*real)(int);
  if (!real) real = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
  nap();
  return real(fd);
}
`

/** Runs `work`, whose child processes have such a disk. */
export async function withSlowSync<T>(ms: number, work: () => Promise<T>): Promise<T> {
  if (ms === 0) return work()
  const dir = mkdtempSync(join(tmpdir(), 'chordns-sync-'))
  const { LD_PRELOAD: before } = process.env
  try {
    writeFileSync(join(dir, 'sync.c'), SOURCE)
    execFileSync('gcc', ['-shared', '-fPIC', '-O1', '-o', join(dir, 'sync.so'), join(dir, 'sync.c'), '-ldl'])
    process.env['LD_PRELOAD'] = join(dir, 'sync.so')
    process.env['SYNC_MS'] = String(ms)
    return await work()
  } finally {
    if (before === undefined) delete process.env['LD_PRELOAD']
    else process.env['LD_PRELOAD'] = before
    delete process.env['SYNC_MS']
    rmSync(dir, { recursive: true, force: true })
  }
}

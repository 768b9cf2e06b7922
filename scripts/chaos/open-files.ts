/**
 * Whether this machine lets a process have as many connections as a run needs.
 */
import { execFileSync } from 'node:child_process'

/** Files of a process besides its connections. */
const OTHERS = 100

/**
 * Raises an error that says what is needed. Node raises its soft limit to the hard one by itself, so only the hard one counts.
 */
export function checkOpenFiles(connections: number): number {
  const said = execFileSync('bash', ['-c', 'ulimit -Hn'], { encoding: 'utf8' }).trim()
  const limit = said === 'unlimited' ? Infinity : Number(said)
  const needed = connections + OTHERS
  if (limit < needed) {
    throw new Error(
      `${connections} connections need ${needed} open files in the server's process, and the limit here is ${limit}: ` +
        `raise it (ulimit -Hn, LimitNOFILE=, nofile in limits.conf) or ask for fewer`,
    )
  }
  return limit
}

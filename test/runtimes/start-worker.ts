/**
 * How the program runs in workerd: a worker that is asked for its report.
 *
 * Owns: the fetch handler. The place is the request's body.
 */
import type { Loaders, Place, Report } from './check.js'
import { runChecks } from './program.js'

interface WorkerEntry {
  fetch(request: Request): Promise<Response>
}

export function worker(loaders: Loaders): WorkerEntry {
  const unhandled: unknown[] = []
  addEventListener('unhandledrejection', ({ reason }) => unhandled.push(reason))
  return {
    fetch: async (request) => {
      const results = await runChecks(loaders, (await request.json()) as Place)
      const detail = unhandled.map(String).join('; ')
      const quiet = { title: 'no rejection was left unhandled', ok: unhandled.length === 0, detail, ms: 0 }
      const report: Report = { version: '', results: [...results, quiet] }
      return Response.json(report)
    },
  }
}

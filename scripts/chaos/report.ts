/**
 * What a chaos run prints.
 */
import type { ReturnReport } from './return.js'
import type { ChaosReport } from './storm.js'

/** More of them say nothing new. */
const SHOWN_VIOLATIONS = 20

const sum = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((total, count) => total + count, 0)

export function printChaos(report: ChaosReport): void {
  const { faults, kills, stops, violations } = report
  console.table(faults)
  console.log(`faults of the network ${sum(faults)}, kills`, kills, 'stops', stops)
  console.log(`stopped for ${seconds(report.stoppedMs)} s in all, orderly restarts ${report.restarts}`)
  console.log(`connections ${report.connections}, of which resumed a session ${report.resumed}`)
  console.log(
    `messages up ${report.sent}, runs ${report.runs}, redelivered ${report.redelivered}`,
    report.outcomes,
  )
  console.log(`requests ${sum(report.requests)}`, report.requests)
  console.log(`entries delivered ${report.delivered}, gaps told ${report.gaps}`)
  console.log(`at rest after ${seconds(report.restMs)} s of calm`)
  console.log(`lost ${report.lost}, duplicated ${report.duplicated}, out of order ${report.outOfOrder}`)
  printViolations(violations)
  if (violations.length > 0) console.log(`journals: ${report.folder}`)
}

export function printReturn(connections: number, spreadMs: number, report: ReturnReport): void {
  console.log(`${connections} connections; limit of open files ${report.openFiles}`)
  console.log(
    `opened and joined in ${seconds(report.openedInMs)} s; spread of the orderly restart ${spreadMs} ms`,
  )
  console.table(
    report.rounds.map((round) => ({
      restart: round.how,
      returned: round.returned,
      'all back after s': seconds(round.untilAllBackMs),
      'peak/s': round.peakPerSecond,
      'median/s': round.medianPerSecond,
      'peak : uniform': round.peakToUniform?.toFixed(2) ?? '–',
      'server RSS MB': megabytes(round.serverRss),
      'clients RSS MB': megabytes(round.clientsRss),
      'server CPU s': seconds(round.serverCpuMs),
      'clients CPU s': seconds(round.clientsCpuMs),
    })),
  )
  console.log(`messages ${report.sent}`, report.outcomes, `redelivered ${report.redelivered}`)
  console.log(`entries delivered after the returns ${report.news}`)
  printViolations(report.violations)
}

function printViolations(violations: readonly string[]): void {
  console.log(`violations ${violations.length}`)
  for (const violation of violations.slice(0, SHOWN_VIOLATIONS)) console.log(`  ${violation}`)
}

const megabytes = (bytes: number): number => Math.round(bytes / 1_048_576)
const seconds = (ms: number): string => (ms / 1_000).toFixed(1)

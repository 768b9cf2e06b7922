/** All measures, in the order in which they run and are told. */
import { allocation } from './allocation.js'
import { backlog } from './backlog.js'
import { down } from './down.js'
import { fanOut } from './fan-out.js'
import { growthMissed, growthQueued, growthReceivers } from './growth.js'
import { heapIdle, heapQueued } from './heap.js'
import type { Measure } from './measure.js'
import { resume } from './resume.js'
import { roundTrip, roundTripLoaded } from './round-trip.js'
import { up256, upAll } from './up.js'

export const measures: readonly Measure[] = [
  up256,
  upAll,
  down,
  roundTrip,
  roundTripLoaded,
  backlog,
  fanOut,
  resume,
  heapQueued,
  heapIdle,
  allocation,
  growthQueued,
  growthReceivers,
  growthMissed,
]

/** All measures, in the order in which they run and are told. */
import type { Measure } from './measure.js'
import { up256, upAll } from './up.js'

export const measures: readonly Measure[] = [up256, upAll]

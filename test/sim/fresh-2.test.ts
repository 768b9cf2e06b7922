import { describe } from 'vitest'
import { testFreshSeeds } from './fresh.js'

describe('the production client and server, share 3 of 4 of the fresh seeds', () => {
  testFreshSeeds(2)
})

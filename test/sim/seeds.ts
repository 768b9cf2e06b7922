/** Seeds that once failed, by the name of what they found. They stay in the suite. */
const ABANDONED_ROOM =
  'entries that waited behind a slow handler were handled after the room had been left and joined anew'
const EPOCH_NOT_STORED =
  'a page went after it had written in an epoch that storage did not hold yet; the next one ran its messages again'

export const pastSeeds: readonly { readonly name: string; readonly seed: number; readonly steps: number }[] =
  [
    { name: ABANDONED_ROOM, seed: 286, steps: 400 },
    { name: EPOCH_NOT_STORED, seed: 105, steps: 400 },
    { name: EPOCH_NOT_STORED, seed: 148, steps: 400 },
    { name: EPOCH_NOT_STORED, seed: 364, steps: 400 },
  ]

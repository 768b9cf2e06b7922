/** Seeds that once failed, by the name of what they found. They stay in the suite. */
export const pastSeeds: readonly { readonly name: string; readonly seed: number; readonly steps: number }[] =
  [
    {
      name: 'entries that waited behind a slow handler were handled after the room had been left and joined anew',
      seed: 286,
      steps: 400,
    },
  ]

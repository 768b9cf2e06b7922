/**
 * Steps with typed arguments.
 *
 * Owns: hiding the type of a step's arguments, so that steps of all kinds fit into one table.
 */
import type { SeededRandom } from '../seeded-random.js'
import type { Effect, Step } from './types.js'

export interface TypedStep<World, Args> {
  /** How often, against the other steps. @default 1 */
  readonly weight?: number
  /** @default 'work' */
  readonly sort?: 'work' | 'fault'
  readonly draw: (random: SeededRandom) => Args
  /** A fault that found nothing to disturb returns `false`, and is not counted. */
  readonly run: (world: World, args: Args) => Effect | Promise<Effect>
  readonly tell: (args: Args) => string
  /**
   * Arguments that the step got after plans had been kept, with values at which it does what it did before. `planFromJson`
   * gives them to steps that lack them.
   */
  readonly quiet?: Partial<Args>
}

/**
 * Makes a step of a scenario.
 *
 * `Args` has to be plain data (what JSON can hold): it is drawn before the world exists.
 *
 * @example
 * const send = step<World, { client: number }>({
 *   weight: 5,
 *   draw: (random) => ({ client: random.integer(0, 9) }),
 *   run: (world, { client }) => world.send(client),
 *   tell: ({ client }) => `client ${client} sends`,
 * });
 */
export function step<World, Args>({
  weight = 1,
  sort = 'work',
  draw,
  run,
  tell,
  quiet,
}: TypedStep<World, Args>): Step<World> {
  return {
    weight,
    sort,
    draw,
    run: (world, args) => run(world, args as Args),
    tell: (args) => tell(args as Args),
    ...(quiet === undefined ? {} : { quiet }),
  }
}

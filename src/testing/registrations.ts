/**
 * Handlers that stay when the server they were given to is replaced.
 *
 * Owns: what was registered, and registering it again.
 */
interface Registration<Target> {
  readonly register: (target: Target) => () => void
  remove: () => void
}

export class Registrations<Target> {
  readonly #registrations = new Set<Registration<Target>>()
  #target: Target

  constructor(target: Target) {
    this.#target = target
  }

  /** Registers now, and again at every later target. Returns how to remove it for good. */
  add(register: (target: Target) => () => void): () => void {
    const registration: Registration<Target> = { register, remove: register(this.#target) }
    this.#registrations.add(registration)
    return () => {
      this.#registrations.delete(registration)
      registration.remove()
    }
  }

  /** Another server takes the place of the one before. */
  moveTo(target: Target): void {
    this.#target = target
    for (const registration of this.#registrations) registration.remove = registration.register(target)
  }
}

/**
 * A handler that waits until the test lets it go on.
 */
export interface Gate {
  /** Resolves when the gate opens. */
  readonly opened: Promise<void>
  open(): void
}

export function gate(): Gate {
  let open: () => void = () => undefined
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { opened, open }
}

/** Milliseconds since 1970 with fractions: two processes of one machine can compare theirs. */
export const wallClock = (): number => performance.timeOrigin + performance.now()

/**
 * What the latest render was given, for callbacks that outlive a render.
 */
import { useEffect, useRef } from './outside.js'

/** Of the latest render that React kept; effects that are declared after it find it up to date. */
export function useLatest<Value>(value: Value): { readonly current: Value } {
  const latest = useRef(value)
  useEffect(() => {
    latest.current = value
  })
  return latest
}

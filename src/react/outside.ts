/**
 * What is taken of React and of the client, in one place: bundlers repeat the import of what they leave outside for every
 * file that has one, and pages would download each.
 */
import * as React from 'react'

/** Whether a tree may be hidden, and shown again. */
export const HAS_ACTIVITY: boolean = 'Activity' in React

export {
  lingerOf,
  createClient,
  SurewireError,
  UNTOUCHED_CLIENT,
  UNTOUCHED_ROOM,
} from '../client/adapters.js'
export {
  createContext,
  createElement,
  useContext,
  useEffect,
  useInsertionEffect,
  useMemo,
  useRef,
  useState,
  useSyncExternalStore,
} from 'react'
export type { Context, CSSProperties, ReactElement, ReactNode } from 'react'

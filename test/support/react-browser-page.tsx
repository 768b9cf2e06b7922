/**
 * An application in a browser, for tests that look at it from outside.
 *
 * Owns: components that count what reaches them, and `window.seen`, where the test reads it.
 */
import { StrictMode, useState, version } from 'react'
import { createRoot } from 'react-dom/client'
import {
  ConnectionStatus,
  SurewireProvider,
  useConnect,
  useConnection,
  useMessage,
  usePresence,
  useRequest,
  useRoom,
} from '../../src/react/index.js'

export interface Seen {
  readonly version: string
  readonly news: number[]
  readonly lines: string[]
  statusRenders: number
}

const seen: Seen = { version, news: [], lines: [], statusRenders: 0 }
Object.assign(globalThis, { seen })

function App() {
  const [open, setOpen] = useState(true)
  return (
    <>
      <ConnectionStatus className="bar" />
      <Status />
      <button onClick={() => setOpen(!open)}>{open ? 'Leave' : 'Enter'}</button>
      {open && <Room />}
    </>
  )
}

function Status() {
  seen.statusRenders++
  return <output id="status">{useConnection(({ status }) => status)}</output>
}

function Room() {
  useConnect(true, { lingerMs: 200 })
  const [count, setCount] = useState(0)
  const { status } = useRoom('lobby', { presence: { name: 'Ada' } })
  const { members } = usePresence('lobby')
  const double = useRequest('double')
  useMessage('news', (item) => {
    seen.news.push(item)
    setCount((before) => before + 1)
  })
  useMessage('line', (line) => void seen.lines.push(line), { room: 'lobby' })
  return (
    <>
      <output id="count">{count}</output>
      <output id="room">{`${status} ${members.size}`}</output>
      <button onClick={() => void double.run(21)}>Double</button>
      <output id="double">{double.data}</output>
    </>
  )
}

/** To be called: a bare import of a file is dropped from a bundle, for this package promises to have no side effects. */
export function start(): void {
  const options = { url: `ws://${location.host}/ws`, reconnect: { initialDelayMs: 50 } }
  createRoot(document.body.appendChild(document.createElement('div'))).render(
    <StrictMode>
      <SurewireProvider options={options}>
        <App />
      </SurewireProvider>
    </StrictMode>,
  )
}

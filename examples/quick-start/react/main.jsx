import { StrictMode, useState } from 'react'
import { createRoot } from 'react-dom/client'
import {
  ConnectionStatus,
  SurewireProvider,
  useClient,
  useConnect,
  useMessage,
  useRoom,
} from 'surewire/react'

const options = { url: `${location.origin}/ws` } // http is taken as ws

function Lobby() {
  const [lines, setLines] = useState([])
  const client = useClient()
  const add = (text) => setLines((before) => [...before, text])
  useConnect()
  useRoom('lobby', { from: 'start' })
  useMessage('chat', ({ text }) => add(text), { room: 'lobby' })

  const say = (form) => {
    const text = form.get('text')
    // Offline it waits, and is sent later; what cannot be delivered says why.
    client.send('chat', { text }).catch((error) => add(`not sent: ${text} (${error.message})`))
  }
  return (
    <>
      <h1>Lobby</h1>
      <ConnectionStatus />
      <form action={say}>
        <label>
          Say <input name="text" required autoComplete="off" />
        </label>
        <button>Send</button>
      </form>
      <ul>
        {lines.map((line, index) => (
          <li key={index}>{line}</li>
        ))}
      </ul>
    </>
  )
}

createRoot(document.querySelector('#app')).render(
  <StrictMode>
    <SurewireProvider options={options}>
      <Lobby />
    </SurewireProvider>
  </StrictMode>,
)

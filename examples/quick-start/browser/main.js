import { bindStatus, connectionToasts, createClient } from './surewire.module.js'

const client = createClient({ url: `${location.origin}/ws` }) // http is taken as ws
const lobby = client.room('lobby')
const lines = document.querySelector('#lines')

function show(text) {
  const line = document.createElement('li')
  line.textContent = text
  lines.append(line)
  return line
}

lobby.on('chat', ({ text }) => show(text))
client.lifecycle.on('gap', ({ from, to, why }) => show(`missing: ${from} to ${to}, ${why}`))
bindStatus(client, document.querySelector('#status'))
connectionToasts(client)

document.querySelector('form').addEventListener('submit', (event) => {
  event.preventDefault()
  const { value: text } = event.target.elements.text
  event.target.reset()
  // Offline it waits, and is sent later; what cannot be delivered says why.
  client.send('chat', { text }).catch((error) => show(`not sent: ${text} (${error.message})`))
})

await client.connect()
await lobby.join({ from: 'start' })

/** A page with every hook on it, as a server renders it and a browser hydrates it. */
import { lazy, type ReactElement, StrictMode, Suspense } from 'react'
import {
  ConnectionStatus,
  SurewireProvider,
  type SurewireProviderProps,
  useConnect,
  useConnection,
  useMessage,
  usePresence,
  useRequest,
  useRoom,
} from '../../src/react/index.js'

function Everything({ id = 'a' }: { id?: string | undefined }) {
  useConnect()
  useMessage('news', () => undefined)
  const status = useConnection((connection) => connection.status)
  const { status: room } = useRoom(id)
  const { members } = usePresence(id)
  const { pending } = useRequest('double')
  return (
    <p>
      {`${status} ${room} ${members.size} ${pending}`}
      <ConnectionStatus />
    </p>
  )
}

const Late = lazy(async () => ({ default: Everything }))

export const Page = ({ room, ...props }: SurewireProviderProps & { room?: string }): ReactElement => (
  <StrictMode>
    <SurewireProvider {...props}>
      <Everything id={room} />
    </SurewireProvider>
  </StrictMode>
)

/** Part of it comes later, so that it is streamed. */
export const LatePage = (props: SurewireProviderProps): ReactElement => (
  <SurewireProvider {...props}>
    <main>
      <Suspense fallback="loading">
        <Late />
      </Suspense>
    </main>
  </SurewireProvider>
)

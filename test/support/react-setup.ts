/** Every test of the React adapter: unmounted afterwards, and failed by anything that React complains about. */
import { cleanup } from '@testing-library/react'
import { afterEach, beforeEach, type MockInstance, vi } from 'vitest'

let complaints: MockInstance<typeof console.error>[]

beforeEach(() => {
  complaints = (['error', 'warn'] as const).map((level) =>
    vi.spyOn(console, level).mockImplementation(() => undefined),
  )
})

afterEach(() => {
  cleanup()
  vi.useRealTimers()
  const said = complaints.flatMap(({ mock }) => mock.calls.map((call) => call.map(String).join(' ')))
  for (const complaint of complaints) complaint.mockRestore()
  if (said.length > 0) throw new Error(`the console heard: ${said.join('\n')}`)
})

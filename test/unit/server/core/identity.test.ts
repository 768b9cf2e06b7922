import { expect, test } from 'vitest'
import { FrameType } from '../../../../src/protocol/frames.js'
import { identityOf, isOfOwner } from '../../../../src/server/core/identity.js'
import { offer, world } from '../harness.js'

const { ATTACH, ATTACHED } = FrameType

test.each([
  [undefined, 'ada', true],
  [undefined, null, true],
  ['ada', 'ada', true],
  ['ada', 'ben', false],
  ['ada', null, false],
  ['anonymous:s1', 'ada', false],
  ['anonymous:s1', null, true],
  ['anonymous:s1', 'anonymous:s1', true],
  ['', 'ada', false],
])('what is offered as of %s is of %s: %s', (offered, id, isOf) => {
  expect(isOfOwner(offered, identityOf(id === null ? null : { id }))).toBe(isOf)
})

test('what is offered as another user’s is refused in HELLO and ATTACH, and leaves no record', () => {
  const server = world({ authenticate: ({ auth }) => ({ id: String(auth) }) })
  const eve = server.connect()
  expect(eve.hello({ auth: 'eve', producers: [offer('p', { user: 'ada', attach: 7 })] }).producers).toEqual([
    null,
  ])
  eve.says([ATTACH, 1, offer('q', { user: 'ada', attach: 7 })])
  expect(eve.take(ATTACHED)).toEqual([[ATTACHED, 1, null]])

  const producers = [offer('p', { user: 'ada' }), offer('q', { user: 'ada' })]
  expect(server.connect().hello({ auth: 'ada', producers }).producers).toMatchObject([
    { last: 0 },
    { last: 0 },
  ])
})

/** All checks, in the order of the document. */
import { handshake } from './handshake.js'
import { hostile } from './hostile.js'
import { identity } from './identity.js'
import { logs } from './logs.js'
import { messages } from './messages.js'
import { epochs, fencing } from './producers.js'
import { requestRules } from './requests.js'
import { presence, rooms } from './rooms.js'
import { windows } from './windows.js'
import type { RuleCheck } from '../rule.js'

export const ruleChecks: readonly RuleCheck[] = [
  ...handshake,
  ...fencing,
  ...epochs,
  ...identity,
  ...messages,
  ...requestRules,
  ...logs,
  ...windows,
  ...rooms,
  ...presence,
  ...hostile,
]

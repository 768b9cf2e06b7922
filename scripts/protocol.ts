/** `npm run protocol`: writes the hex of the examples and the trace into docs/PROTOCOL.md. */
import { writeFileSync } from 'node:fs'
import { documentUrl, readDocument, withDerivedParts } from './protocol-document.js'
import { protocolTrace } from './protocol-trace.js'

writeFileSync(documentUrl, withDerivedParts(readDocument(), await protocolTrace()))

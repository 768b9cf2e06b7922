/**
 * The mutants: deliberate faults of the protocol, each a patch of src/ in this folder.
 *
 * Owns: their names, which rules of the protocol and invariants they break, and what is wrong about them. Each is a bug
 * that somebody could make: it compiles, and what usually happens goes well. Applying and hunting them:
 * scripts/mutants.ts.
 */

export interface Mutant {
  readonly number: number
  readonly name: string
  /** The rule of the protocol, and the invariant that is expected to notice. */
  readonly breaks: readonly string[]
  readonly fault: string
}

/** Name of the patch in this folder. */
export const fileOf = ({ number, name }: Mutant): string => `${String(number).padStart(2, '0')}-${name}.patch`

const faults: readonly (readonly [name: string, breaks: readonly string[], fault: string])[] = [
  [
    'acknowledged-on-receipt',
    ['rule 1', 'I3'],
    'ACCEPTED names the highest number in hand, not the highest committed',
  ],
  [
    'acknowledged-one-too-many',
    ['rule 12', 'I8'],
    'ACCEPTED is off by one: it covers a number that was not committed, or never sent',
  ],
  ['failed-commit-acknowledged', ['rule 1', 'I3'], 'a commit that the store failed to make counts as made'],
  [
    'effects-outside-the-commit',
    ['rule 1', 'I1'],
    'what a handler sent is appended when it returns, not together with its number',
  ],
  [
    'commit-repeated-blindly',
    ['rule 1', 'I1'],
    'the store does not compare where a commit starts: one whose answer was lost is made twice',
  ],
  [
    'handlers-overlap',
    ['rule 2', 'I2'],
    'the handler of the next message starts before the previous one has ended',
  ],
  [
    'failing-handler-runs-again',
    ['rule 2', 'I1'],
    'a message whose handler throws is tried again instead of refused',
  ],
  [
    'effects-after-the-deadline',
    ['rule 2', 'I3'],
    'a handler that ends after its deadline is refused, but what it sent still goes out',
  ],
  [
    'effects-of-a-failed-handler',
    ['rule 2', 'I3'],
    'a handler that throws is refused, but what it had sent by then is appended',
  ],
  ['no-handler-deadline', ['rule 2', 'I4'], 'a handler that never returns is waited for without end'],
  [
    'request-starts-uncommitted',
    ['rule 2', 'I1'],
    'a request starts while the commit that says so is under way',
  ],
  [
    'request-overtakes-sends',
    ['rule 2', 'I2'],
    'a request starts before earlier messages of its client are committed',
  ],
  [
    'begun-requests-forgotten',
    ['rule 2', 'I10'],
    'whoever takes a record over does not end the requests that were begun',
  ],
  [
    'request-resent-into-a-new-epoch',
    ['rule 2', 'I1'],
    'written requests are sent again to a server that has forgotten them',
  ],
  [
    'store-ignores-the-owner',
    ['rule 3', 'I9'],
    'a commit does not compare the owner: a process that lost a producer still commits',
  ],
  [
    'received-messages-forgotten',
    ['rule 3', 'I1'],
    'an attach at the process that owns forgets which messages it has in hand',
  ],
  [
    'attach-not-compared',
    ['rule 3', 'I9'],
    'a HELLO that comes late takes producers away from a newer connection',
  ],
  [
    'session-attach-not-compared',
    ['rule 3', 'I9'],
    'a HELLO that comes late takes the session away from a newer connection',
  ],
  ['attach-not-raised', ['rule 3', 'I4'], 'a client dials again without raising `attach`'],
  [
    'attach-not-stored',
    ['rule 3', 'I4'],
    'a raised `attach` is not kept, so that the next page offers an older one',
  ],
  [
    'attach-repeated-after-failure',
    ['rule 3', 'I9'],
    'an attach whose answer was lost is asked again, and mistakes itself for another',
  ],
  [
    'old-connection-stays',
    ['rule 3', 'I9'],
    'a connection whose session and producers were taken is left alone',
  ],
  [
    'blind-resend',
    ['rule 4', 'I8'],
    'after a WELCOME everything unsettled is sent again, also what the server has in hand',
  ],
  [
    'lost-ones-not-resent',
    ['rule 4', 'I3'],
    'after a WELCOME only what was never written is written; the rest becomes a hole',
  ],
  [
    'resent-out-of-order',
    ['rule 4', 'I2'],
    'after a WELCOME lanes take turns at once, instead of resending in the original order first',
  ],
  [
    'refusals-of-welcome-ignored',
    ['rule 4', 'I3'],
    'the refusals that WELCOME lists are not applied: those messages end as accepted',
  ],
  [
    'refusals-not-recorded',
    ['rule 4', 'I3'],
    'the record does not keep refusals: another process takes them for accepted',
  ],
  ['rejected-after-accepted', ['rule 1', 'I3'], 'REJECTED is said after the ACCEPTED that covers it'],
  [
    'void-covers-the-next-message',
    ['rule 4', 'I3'],
    'VOID names one number too many: the message after the hole is dropped as known',
  ],
  ['holes-not-stated', ['rule 13', 'I2'], 'VOID is not sent, and the server takes any number that is higher'],
  [
    'numbers-in-the-wrong-producer',
    ['rule 1', 'I2'],
    'a batch begins in the producer in which the one before it ended, without saying so',
  ],
  ['cancel-of-a-written-message', ['rule 4', 'I3'], 'cancel() takes back what was written already'],
  ['ttl-of-a-written-message', ['rule 4', 'I3'], 'ttlMs ends what was written already'],
  [
    'written-message-dropped',
    ['rule 4', 'I3'],
    'a full queue drops the oldest message, even if it was written',
  ],
  [
    'settled-twice',
    ['rule 4', 'I4'],
    'a refused message stays in the queue and is settled once more by the next ACCEPTED',
  ],
  [
    'record-lives-as-long-as-the-session',
    ['rule 5', 'I1'],
    'a producer’s record is forgotten with the session: what was committed is taken for new',
  ],
  [
    'record-lives-as-long-as-the-connection',
    ['rule 5', 'I1'],
    'a producer’s record is forgotten when its connection is gone',
  ],
  [
    'epoch-ignored-by-the-server',
    ['rule 5', 'I1'],
    'a record of another epoch is resumed as if it were the one the client knows',
  ],
  [
    'epoch-ignored-by-the-client',
    ['rule 5', 'I1'],
    'a client does not notice that the server has forgotten it',
  ],
  [
    'floor-raised-by-the-client',
    ['rule 5', 'I3'],
    'a local cancel raises `floor`, as if the server had settled it',
  ],
  ['never-redelivered', ['rule 5', 'I1'], 'a message that may have run before is not marked as redelivered'],
  ['written-understated', ['rule 5', 'I1'], 'HELLO offers as written only what was acknowledged'],
  [
    'old-producer-reused',
    ['rule 6', 'I1'],
    'a new page goes on numbering in the producer that a closed page left behind',
  ],
  [
    'leftover-taken-for-unwritten',
    ['rule 6', 'I1'],
    'messages that a closed page left behind count as never written',
  ],
  [
    'written-before-stored',
    ['rule 7', 'I4'],
    'with durable storage a message is written before it is stored',
  ],
  ['outbox-lock-kept', ['rule 6', 'I12'], 'a client that was closed does not let go of its outbox'],
  ['skip-not-sent', ['rule 8', 'I5'], 'entries for others are left out without SKIP'],
  [
    'history-lost-in-silence',
    ['rule 9', 'I5'],
    'what the history has lost is reported as SKIP, as if it had been for others',
  ],
  ['gap-kept-to-itself', ['rule 9', 'I5'], 'a client takes note of a gap in the history, but tells nobody'],
  ['gap-out-of-turn', ['rule 9', 'I5'], 'a gap is announced while entries before it are still being handled'],
  [
    'log-epoch-ignored-by-the-server',
    ['rule 17', 'I5'],
    'a cursor of another epoch is served as if it were of this one',
  ],
  [
    'log-epoch-ignored-by-the-client',
    ['rule 8', 'I5'],
    'a client keeps its offset when a log begins anew, and drops the new entries as known',
  ],
  ['epoch-change-unsaid', ['rule 8', 'I5'], 'a log that begins anew under a live reader does so without GAP'],
  ['epoch-reused', ['rule 17', 'I6'], 'a log made anew gets the epoch of the one before'],
  [
    'offset-from-what-is-held',
    ['rule 8', 'I6'],
    'the next offset is counted from what the history holds, not from what was ever appended',
  ],
  [
    'server-moves-on-before-sending',
    ['rule 8', 'I5'],
    'a reader’s position moves on although the window was closed and nothing was sent',
  ],
  [
    'cursor-ahead-of-handlers',
    ['rule 8', 'I5'],
    'the cursor that an application keeps names entries whose handlers have not ended',
  ],
  [
    'cursor-not-advanced',
    ['rule 8', 'I5'],
    'the cursor that an application keeps stays where the room was joined',
  ],
  [
    'client-handlers-overlap',
    ['rule 11', 'I5'],
    'the handler of the next entry of a log starts before the previous one has ended',
  ],
  [
    'lost-record-served-on',
    ['rule 10', 'I8'],
    'a producer whose record is gone from the store is served on, as if its commits had been made',
  ],
  [
    'message-window-ignored-by-the-client',
    ['rule 11', 'I7'],
    'a client writes beyond the server’s window of messages',
  ],
  [
    'byte-window-ignored-by-the-client',
    ['rule 11', 'I7'],
    'a client writes beyond the server’s window of bytes',
  ],
  ['window-ignored-by-the-server', ['rule 11', 'I7'], 'a server writes entries beyond the client’s window'],
  [
    'window-of-a-lost-connection',
    ['rule 11', 'I4'],
    'what was unacknowledged when a connection was lost is subtracted from the next one’s window for ever',
  ],
  [
    'handled-before-handlers-end',
    ['rule 11', 'I7'],
    'an entry counts as handled when its handler has started',
  ],
  [
    'handled-never-said',
    ['rule 11', 'I5'],
    'a client does not tell what it has handled, so that the server stops for ever',
  ],
  [
    'handled-of-an-earlier-connection',
    ['rule 11', 'I8'],
    'entries of an earlier connection count as handled on this one',
  ],
  ['handled-goes-back', ['rule 11', 'I8'], 'HANDLED tells what was handled since the last one, not in all'],
  [
    'delivered-after-leave',
    ['rule 8', 'I5'],
    'entries that waited behind a handler are delivered after the room was left',
  ],
  ['replies-in-the-order-asked', ['rule 2', 'I10'], 'replies are matched to requests by their order'],
  [
    'stale-attempt-accepted',
    ['rule 3', 'I9'],
    'events of a retired socket are taken for those of the current one',
  ],
  ['backoff-reset-too-early', ['I11'], 'a welcome resets the backoff, instead of a connection that holds'],
  ['backoff-without-bound', ['I11'], 'the backoff grows beyond maxDelayMs'],
  ['away-ignored', ['I11'], 'AWAY is not obeyed: the client comes back at once'],
  [
    'refused-credentials-tried-for-ever',
    ['rule 14', 'I11'],
    'refused credentials are offered again and again',
  ],
  ['producer-of-another-user', ['rule 15', 'I9'], 'a producer may be attached by another user than its own'],
  [
    'queue-survives-the-user',
    ['rule 15', 'I9'],
    'messages of one user go out as another’s after a change of user',
  ],
  ['session-of-another-user', ['rule 15', 'I9'], 'a session is resumed by another user than its own'],
  [
    'session-ends-in-silence',
    ['rule 16', 'I5'],
    'the log of a session that was not resumed ends without GAP',
  ],
  [
    'session-key-rotates',
    ['rule 16', 'I5'],
    'each resume gives the session a new key, so that a lost WELCOME strands it',
  ],
  [
    'presence-not-synchronised',
    ['rule 18', 'I5'],
    'a client that comes back is not told who is in its rooms',
  ],
  [
    'presence-not-restated',
    ['rule 18', 'I5'],
    'a client that comes back does not say again how it appears in its rooms',
  ],
  ['timer-left-after-close', ['I12'], 'the driver’s timer is still pending after close()'],
  ['socket-left-open-after-close', ['I12'], 'close() does not close the socket'],
  ['listener-left-after-close', ['I12'], 'the listener of the platform’s signals stays after close()'],
  [
    'requests-left-pending-after-close',
    ['I12'],
    'close() does not settle requests that wait for their reply',
  ],
  ['chance-of-the-machine', ['I13'], 'the jitter of the backoff is drawn from Math.random'],
  ['time-of-the-machine', ['I13'], 'entries carry the time of the real clock'],
  [
    'leftovers-not-drained-first',
    ['rule 6', 'I2'],
    'a page writes its own messages while what a closed page left is not settled yet',
  ],
  [
    'passed-on-once-only',
    ['rule 1', 'I3'],
    'a message to a room that nothing handles is accepted and not passed on when it may have been before',
  ],
  [
    'effects-of-a-request-dropped',
    ['rule 1', 'I1'],
    'what the handler of a request sent is dropped if its client is away when it ends',
  ],
  [
    'answers-not-waited-for-after-a-resume',
    ['rule 16', 'I10'],
    'requests that were accepted end as unknown at every resume, though the session went on',
  ],
  [
    'policy-of-reject-at-every-resume',
    ['rule 5', 'I4'],
    'under onUnknown: reject what was written ends as unknown at every resume, though the server forgot nothing',
  ],
  ['one-request-too-many', ['I7'], 'one request more than maxRequests runs at a time'],
  ['bytes-on-the-wire-not-counted', ['I7'], 'maxBytes of the queue counts only what was never written'],
  ['history-trimmed-late', ['I7'], 'a log holds 32 entries more than its history takes'],
  ['expired-in-any-order', ['I13'], 'messages that expire together are told of in an order left to chance'],
  [
    'logged-of-a-connection-that-is-gone',
    ['defect'],
    'a producer that is lost while nobody is connected makes a log line a TypeError, which nobody notices but the log',
  ],
  [
    'lost-state-ignored',
    ['rule 10', 'I9'],
    'a live connection whose producer is gone from the store is kept',
  ],
  [
    'requests-of-an-ended-session',
    ['rule 16', 'I10'],
    'requests whose replies are lost with their session are waited for',
  ],
  [
    'redelivered-bound-dropped',
    ['rule 5', 'I1'],
    'an attach at the process that owns forgets up to where messages may have run before',
  ],
  [
    'epoch-written-in-before-stored',
    ['rule 7', 'I1'],
    'messages are written in an epoch that storage does not hold yet',
  ],
  ['older-join-answer-taken', ['rule 8', 'I5'], 'the answer to an older JOIN moves the reader'],
  ['silence-is-not-death', ['I4'], 'a link that says nothing any more is never given up'],
  ['tail-lost-is-fatal', ['rule 12', 'I8'], 'an outbox whose stored tail was lost ends the client'],
  [
    'leftover-thrown-away',
    ['rule 6', 'I4'],
    'every third message that a closed page left is taken for cancelled, and off the disk',
  ],
  [
    'void-forgotten',
    ['rule 1', 'I3'],
    'of each hole a server does not remember the first number, so that a later page may take it for accepted',
  ],
  [
    'leftover-of-nobody',
    ['rule 15', 'I9'],
    'what is stored says whose it is, and the next page takes it over whoever it is, and offers it as its own',
  ],
  [
    'offered-user-ignored',
    ['rule 15', 'I9'],
    'a producer that is offered as another user’s is attached, if the store has no record of it',
  ],
  ['user-never-stored', ['rule 15', 'I9'], 'an outbox is stored without saying whose it is'],
  [
    'never-claimed',
    ['rule 6', 'I4'],
    'what a page let go of is not asked for again when its user signs in, nor when there is room',
  ],
  [
    'own-offer-refused',
    ['rule 15', 'I9'],
    'every seventh attach of a sequence is refused, though it is offered by its own user',
  ],
  [
    'anonymous-are-strangers',
    ['rule 15', 'I9'],
    'a server without authentication refuses what an anonymous page offers as an earlier anonymous session’s',
  ],
  [
    'newest-leftover-first',
    ['rule 6', 'I2'],
    'of what several pages left the newest goes out first, and the oldest waits if there is no room for all',
  ],
  [
    'leftovers-as-attached',
    ['rule 6', 'I2'],
    'what several pages left goes out as it is attached, not in the order of storage',
  ],
  ['unanswered-commit-waited-for', ['rule 1', 'I4'], 'a commit that the store never answers is waited for'],
  [
    'unanswered-question-waited-for',
    ['rule 1', 'I4'],
    'a question that the store never answers is waited for',
  ],
]

/** Numbered in this order. */
export const mutants: readonly Mutant[] = faults.map(([name, breaks, fault], index) => ({
  number: index + 1,
  name,
  breaks,
  fault,
}))

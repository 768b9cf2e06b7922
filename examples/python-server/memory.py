"""What the server remembers: producers, sessions, logs (docs/PROTOCOL.md, sections 5 to 7)."""

import json
import secrets
import time
from collections import deque


def fresh_id():
    return secrets.token_urlsafe(16)


def encode(value):
    return json.dumps(value, separators=(",", ":"))


class Log:
    """Entries `first` … `head` are held, each as the text of its frame, encoded once for all readers."""

    def __init__(self, name, history):
        self.name = name
        self.epoch = fresh_id()
        self.head = 0
        self.entries = deque(maxlen=history)
        self.readers = set()

    @property
    def first(self):
        return self.head + 1 - len(self.entries)

    def append(self, kind, data, meta, excluded):
        self.head += 1
        self.entries.append((encode([12, self.name, self.head, kind, data, meta]), excluded))
        for reader in self.readers:
            reader.connection.wake.set()

    def start(self, cursor):
        """Where a reader begins, and the GAPs that come first (LOG-3 to LOG-8). No cursor: now."""
        if cursor is None:
            return self.head, []
        epoch, offset = cursor
        gaps = []
        position = offset
        if (epoch and epoch != self.epoch) or offset > self.head:
            gaps.append([14, self.name, self.epoch, offset + 1, None, "epoch"])
            position = 0
        if self.first > position + 1:
            gaps.append([14, self.name, self.epoch, position + 1, self.first - 1, "history"])
        return position, gaps


class Producer:
    """A record with what is in hand: last ≤ … ≤ held (section 6)."""

    def __init__(self, offer, user):
        self.id, self.key, self.kind = offer["id"], offer["key"], offer["kind"]
        self.user = user
        self.epoch = fresh_id()
        self.attach = offer["attach"]
        self.last = self.held = offer["floor"]
        self.bound = offer["written"]
        self.refused = []
        self.queue = deque()
        self.tasks = {}
        self.waiters = set()
        self.connection = None
        self.index = 0
        self.retired = False
        self.detached_at = None

    def retire(self):
        """Nothing that is still under way counts any more."""
        self.retired = True
        for task in list(self.tasks.values()):
            task.cancel()


class Session:
    def __init__(self, user):
        self.id, self.key = fresh_id(), fresh_id()
        self.user = user
        self.attach = 0
        self.connection = None
        self.detached_at = None


class Memory:
    def __init__(self, settings):
        self.settings = settings
        self.producers = {}
        self.sessions = {}
        self.logs = {}

    def log(self, name):
        if name not in self.logs:
            self.logs[name] = Log(name, self.settings["history"])
        return self.logs[name]

    def append(self, log, kind, data, meta, excluded=None):
        full = {**meta, "at": int(time.time() * 1000)}
        self.log(log).append(kind, data, full, excluded)

    def attach_producer(self, offer, user):
        """EPO-1 to EPO-7, FEN-1, FEN-12; None: refused."""
        named = offer.get("user")
        if named is not None and named != user and not (user == "anonymous" and named.startswith("anonymous:")):
            return None
        record = self.producers.get(offer["id"])
        if record is not None:
            mismatch = record.key != offer["key"] or record.kind != offer["kind"] or record.user != user
            if mismatch or offer["attach"] <= record.attach:
                return None
            epoch = offer.get("epoch")
            if (epoch is not None and epoch != record.epoch) or record.last < offer["floor"]:
                record.retire()
                if record.connection is not None:
                    record.connection.superseded()
                record = None
        if record is None:
            record = self.producers[offer["id"]] = Producer(offer, user)
        record.attach = offer["attach"]
        record.detached_at = None
        return record

    def attach_session(self, offer, user):
        """FEN-4: the session, and why it is not the offered one (None: it is, or none was offered)."""
        why = None
        if offer is not None:
            known = self.sessions.get(offer["id"])
            if known is None or self.is_expired(known):
                why = "unknown"
            elif known.key != offer["key"]:
                why = "key"
            elif known.user != user:
                why = "user"
            elif offer["attach"] <= known.attach:
                why = "stale"
            else:
                known.attach = offer["attach"]
                known.detached_at = None
                return known, True, None
        session = Session(user)
        self.sessions[session.id] = session
        return session, False, why

    def is_expired(self, session):
        gone = session.detached_at
        return gone is not None and (time.monotonic() - gone) * 1000 >= self.settings["sessionMs"]

    def forget(self, session):
        self.sessions.pop(session.id, None)
        for name in ("session/" + session.id, "replies/" + session.id):
            if name in self.logs and not self.logs[name].readers:
                del self.logs[name]

    def sweep(self):
        """Forgets what has expired, so that nothing grows for ever."""
        now = time.monotonic()
        for session in [s for s in self.sessions.values() if self.is_expired(s)]:
            self.forget(session)
        day = 24 * 60 * 60
        for record in list(self.producers.values()):
            if record.detached_at is not None and now - record.detached_at > day and not record.tasks:
                del self.producers[record.id]

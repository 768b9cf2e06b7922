"""
A surewire server by docs/PROTOCOL.md, on Debian's python3-websockets.

Small, in memory, JSON only, without presence and volatile messages. `Application` holds what is to be served.
"""

import asyncio
import time
from collections import deque
from http import HTTPStatus

import websockets

from frames import Broken, decode
from memory import Memory, encode

DEFAULTS = {
    "helloMs": 10_000,
    "handlerMs": 30_000,
    "sessionMs": 120_000,
    "pingTimeoutMs": 10_000,
    "history": 1_000,
    "maxRequests": 64,
    "maxRooms": 1_000,
    "window": {"messages": 1_024, "bytes": 4_194_304},
    "maxFrame": 1_048_576,
}
MAX_HELLO = 262_144
BATCH = 131_072
QUANTUM = 32
GATHER_S = 0.001
FEWEST_PING_MS, MOST_PING_MS = 250, 300_000


class Refusal(Exception):
    """Raised by handlers: the message is refused with a code and a sentence that clients may read."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


class Refused(Exception):
    """Raised by `authenticate`: the credentials are refused."""


class Application:
    """What a server serves: who its users are, what they may do, and handlers by type."""

    def __init__(self):
        self.messages = {}
        self.requests = {}
        self.server = None

    def authenticate(self, auth):
        """The user's id, or None for anonymous. Refused: not them. Anything else: cannot be told now."""
        return None

    def may(self, kind, user, room):
        return True


class Context:
    """What a handler knows, and what it sends: appended by the commit of its message, or not at all."""

    def __init__(self, connection, message_id, room, redelivered):
        self.id, self.room, self.redelivered = message_id, room, redelivered
        self.user, self.session = connection.user, connection.session.id
        self.sent = []

    def send(self, log, kind, data, excluded=None):
        meta = {"id": f"{self.id}:{len(self.sent) + 1}", "from": self.user}
        if self.redelivered:
            meta["redelivered"] = True
        self.sent.append((log, kind, data, meta, excluded))


class Reader:
    """One connection's reading of one log: everything up to `position` was sent, skipped or told as a gap."""

    def __init__(self, connection, log, position):
        self.connection, self.log = connection, log
        self.position = self.told = position
        self.epoch = log.epoch

    def skip(self):
        """The SKIP that is owed, if any (LOG-9)."""
        if self.told >= self.position:
            return []
        self.told = self.position
        return [encode([13, self.log.name, self.position])]

    def next(self):
        """Frames up to and with the next entry for this connection, and whether there is an entry; None: no more."""
        log, frames = self.log, []
        if log.first > self.position + 1:
            frames += self.skip()
            frames.append(encode([14, log.name, log.epoch, self.position + 1, log.first - 1, "history"]))
            self.position = self.told = log.first - 1
        while self.position < log.head:
            frame, excluded = log.entries[self.position + 1 - log.first]
            if excluded == self.connection.session.id:
                self.position += 1
                continue
            frames += self.skip()
            self.position += 1
            self.told = self.position
            if len(frame) + 2 > self.connection.max_frame:
                frames.append(encode([14, log.name, log.epoch, self.position, self.position, "too_large"]))
                continue
            return frames + [frame], True
        return (frames, False) if frames else None


class Connection:
    def __init__(self, server, socket):
        self.server, self.socket = server, socket
        self.memory, self.app, self.settings = server.memory, server.app, server.settings
        self.user = self.session = None
        self.welcomed = False
        self.ending = None
        self.out = []
        self.wake = asyncio.Event()
        self.producers = []
        self.to_acknowledge = {}
        self.unacknowledged = deque()
        self.readers = {}
        self.turns = deque()
        self.sent = [0, 0]
        self.handled = [0, 0]
        self.window, self.max_frame, self.ping_ms = None, 0, 0
        self.received_at = self.sent_at = time.monotonic()
        self.pinged_at = None

    # ── the socket ──────────────────────────────────────────────────────────────────────────────────────────────────

    async def serve(self):
        writer = asyncio.ensure_future(self.write())
        hello = asyncio.get_running_loop().call_later(self.settings["helloMs"] / 1000, self.no_hello)
        beat = asyncio.ensure_future(self.heartbeat())
        try:
            async for message in self.socket:
                self.received_at = time.monotonic()
                if self.ending is None:
                    self.receive(message)
        except websockets.ConnectionClosed:
            pass
        finally:
            hello.cancel()
            beat.cancel()
            self.gone()
            self.wake.set()
            await asyncio.wait([writer], timeout=1)
            writer.cancel()

    async def write(self):
        try:
            while True:
                await self.wake.wait()
                self.wake.clear()
                batch = self.batch()
                while batch is not None:
                    self.sent_at = time.monotonic()
                    await self.socket.send(batch)
                    batch = self.batch()
                if self.ending is not None:
                    code, reason = self.ending
                    await self.socket.close(code, reason)
                    return
        except websockets.ConnectionClosed:
            pass

    def say(self, *frame):
        self.out.append(encode(frame))
        self.wake.set()

    def batch(self):
        """The next batch: answers and acknowledgements, then entries as windows and turns allow."""
        frames, self.out = self.out, []
        for producer in self.to_acknowledge.values():
            frames.append(encode([10, producer.index, producer.last]))
        self.to_acknowledge = {}
        size = sum(map(len, frames)) + len(frames)
        counted = 0
        if self.welcomed and self.ending is None:
            size, counted = self.add_entries(frames, size)
        if not frames:
            return None
        batch = "[" + ",".join(frames) + "]"
        if counted:
            self.sent[1] += len(batch)
        return batch

    def add_entries(self, frames, size):
        limit = min(BATCH, self.max_frame)
        counted = idle = 0
        while self.turns and idle < len(self.turns) and size < limit:
            reader = self.turns[0]
            self.turns.rotate(-1)
            idle += 1
            is_counted = not reader.log.name.startswith("replies/")
            for _ in range(QUANTUM):
                if is_counted and not self.window_is_open(size if counted else 0):
                    break
                if size > 2 and not self.fits(reader, limit - size):
                    return size, counted
                found = reader.next()
                if found is None:
                    break
                more, has_entry = found
                frames += more
                size += sum(map(len, more)) + len(more)
                idle = 0
                if has_entry and is_counted:
                    counted += 1
                    self.sent[0] += 1
        return size, counted

    def fits(self, reader, room):
        """Whether the next entry still fits into the batch; one alone always does, or becomes a GAP."""
        log = reader.log
        if reader.position >= log.head:
            return True
        at = max(reader.position + 1, log.first) - log.first
        return len(log.entries[at][0]) + 200 <= room

    def window_is_open(self, size):
        messages = self.sent[0] - self.handled[0] < self.window["messages"]
        return messages and self.sent[1] + size - self.handled[1] < self.window["bytes"]

    def end(self, close, code=None, message=""):
        if self.ending is not None:
            return
        if code is not None:
            self.say(27, code, message)
        self.ending = (close, (code or "")[:100])
        self.gone()
        self.wake.set()

    def gone(self):
        """Gives back what the connection held; once."""
        for reader in self.readers.values():
            reader.log.readers.discard(reader)
        self.readers = {}
        self.turns.clear()
        now = time.monotonic()
        for producer in self.producers:
            if producer is not None and producer.connection is self:
                producer.connection, producer.detached_at = None, now
        if self.session is not None and self.session.connection is self:
            self.session.connection, self.session.detached_at = None, now

    def superseded(self):
        self.end(4401, "superseded", "a newer connection of this client took over")

    def no_hello(self):
        if not self.welcomed:
            self.end(4000, "hello_timeout", "no HELLO in time")

    async def heartbeat(self):
        """HS-14 and HS-15."""
        while self.ending is None:
            if not self.welcomed or self.ping_ms == 0:
                await asyncio.sleep(0.05)
                continue
            now = time.monotonic()
            if self.pinged_at is not None and self.received_at >= self.pinged_at:
                self.pinged_at = None
            if self.pinged_at is not None and now >= self.pinged_at + self.settings["pingTimeoutMs"] / 1000:
                self.end(4000)
                return
            due = min(self.received_at, self.sent_at) + self.ping_ms / 1000
            if now >= due:
                for reader in self.readers.values():
                    self.out += reader.skip()
                self.say(22, int(now * 1000))
                self.pinged_at = self.pinged_at or now
                due = now + self.ping_ms / 1000
            await asyncio.sleep(max(0.01, min(due - now, self.settings["pingTimeoutMs"] / 4000)))

    # ── frames ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def receive(self, message):
        try:
            size = len(message) if isinstance(message, bytes) else len(message.encode("utf-8", "surrogatepass"))
            if not self.welcomed and size > MAX_HELLO:
                raise Broken("HELLO is too long", "too_large", 1009)
            self.read(decode(message), size)
        except Broken as error:
            self.end(error.close, error.code, str(error))

    def read(self, frames, size):
        using, last = 0, None
        for frame in frames:
            number = frame[0]
            if self.ending is not None:
                return
            if not self.welcomed:
                self.early(frame)
            elif number == 5:
                using = frame[1]
                if using > 0 and using >= len(self.producers):
                    raise Broken("USE of a producer that is not attached", "unknown_producer")
            elif number in (6, 7, 8, 9):
                producer = self.producer_at(using, number)
                if number in (6, 7):
                    last = (producer, frame[1])
                self.numbered(producer, frame)
            else:
                self.other(frame)
        if last is not None and last[1] > last[0].last:
            self.count(*last, size)

    def early(self, frame):
        if frame[0] == 1:
            self.hello(frame[1])
        elif frame[0] == 28:
            self.end(1000)
        else:
            raise Broken("a frame came before HELLO", "too_early")

    def producer_at(self, index, number):
        producer = self.producers[index] if index < len(self.producers) else None
        if producer is None:
            raise Broken("a number for a producer that is not attached", "unknown_producer")
        needed = {6: "messages", 7: "requests", 8: "requests"}.get(number, producer.kind)
        if producer.kind != needed:
            raise Broken("a frame for another kind of producer", "wrong_producer")
        return producer

    def count(self, producer, seq, size):
        """WIN-2."""
        while self.unacknowledged and self.unacknowledged[0][1] <= self.unacknowledged[0][0].last:
            self.unacknowledged.popleft()
        open_batches = [entry for entry in self.unacknowledged if entry[1] > entry[0].last]
        if open_batches and sum(entry[2] for entry in open_batches) + size > self.settings["window"]["bytes"]:
            raise Broken("more bytes than the window", "window_exceeded")
        self.unacknowledged.append((producer, seq, size))

    def other(self, frame):
        number = frame[0]
        if number == 15:
            self.take_handled(frame[1], frame[2])
        elif number == 16:
            self.join(frame)
        elif number == 18:
            self.unfollow(frame[2])
            self.say(19, frame[1], frame[2], "asked")
        elif number == 22:
            self.say(23, frame[1])
        elif number == 3:
            self.attach(frame[1], frame[2])
        elif number == 24:
            self.authenticate_again(frame[1])
        elif number == 28:
            self.say(28)
            self.end(1000)
        elif number == 1:
            raise Broken("HELLO came twice", "second_hello")

    def take_handled(self, messages, size):
        if messages > self.sent[0] or size > self.sent[1] or messages < self.handled[0] or size < self.handled[1]:
            raise Broken("HANDLED of what was not sent", "handled_unsent")
        self.handled = [messages, size]
        self.wake.set()

    # ── handshake ───────────────────────────────────────────────────────────────────────────────────────────────────

    def hello(self, hello):
        if hello["v"] != 1:
            self.end(4402, "version", "this server speaks version 1")
            return
        user = self.who(hello.get("auth"))
        if user is False:
            return
        owner = user or "anonymous"
        session, resumed, why = self.memory.attach_session(hello.get("session"), owner)
        self.user, self.session = user or "anonymous:" + session.id, session
        self.window, self.max_frame = hello["window"], hello["maxFrame"]
        wished = hello.get("pingMs")
        self.ping_ms = 0 if wished == 0 else min(MOST_PING_MS, max(FEWEST_PING_MS, wished or 25_000))
        states = [self.add_producer(offer, owner) for offer in hello["producers"]]
        if session.connection is not None:
            session.connection.end(4200, "session_moved", "another connection took this session over")
        session.connection, session.detached_at = self, None
        self.welcome(hello["cursors"], states, resumed, why)

    def who(self, auth):
        """The user's id, None for anonymous, False if the connection was ended."""
        try:
            return self.app.authenticate(auth)
        except Refused as refused:
            self.end(4300, "auth_refused", str(refused))
        except Exception:  # Whatever it was, it was ours.
            self.end(1011, "auth_unavailable", "the credentials cannot be checked now")
        return False

    def welcome(self, cursors, states, resumed, why):
        own = "user/" + self.user
        new = None if resumed else ("", 0)
        wishes = {own: cursors.get(own) or cursors.get("user"), "all": cursors.get("all")}
        for log in ("session/" + self.session.id, "replies/" + self.session.id):
            wishes[log] = cursors.get(log) or new
        refused = []
        for log in cursors:
            if log.startswith("room/"):
                if self.app.may("join", self.user, log[5:]):
                    wishes[log] = cursors[log]
                else:
                    refused.append(log[5:])
        session = {"id": self.session.id, "key": self.session.key, "resumed": resumed}
        if why is not None:
            session["why"] = why
        starts = {log: self.memory.log(log).start(wish) for log, wish in wishes.items()}
        welcome = {
            "v": 1,
            "session": session,
            "user": {"id": self.user},
            "producers": states,
            "logs": {log: [self.memory.log(log).epoch, start[0]] for log, start in starts.items()},
            "pingMs": self.ping_ms,
            "sessionMs": self.settings["sessionMs"],
            "window": self.settings["window"],
            "maxFrame": self.settings["maxFrame"],
            "caps": {},
        }
        self.welcomed = True
        self.say(2, welcome)
        for log, (position, gaps) in starts.items():
            self.follow(log, position, gaps)
        for room in refused:
            self.say(19, 0, room, "forbidden")

    def add_producer(self, offer, owner):
        """Attaches at the next index; its state, or None."""
        index = len(self.producers)
        record = self.memory.attach_producer(offer, owner)
        self.producers.append(record)
        if record is None:
            return None
        if record.connection is not None and record.connection is not self:
            record.connection.superseded()
        record.connection, record.index = self, index
        return {"last": record.last, "held": record.held, "epoch": record.epoch, "refused": list(record.refused)}

    def attach(self, index, offer):
        if index != len(self.producers):
            raise Broken(f"the next index is {len(self.producers)}", "wrong_index")
        if index >= 16:
            raise Broken("too many producers", "too_many_producers")
        self.say(4, index, self.add_producer(offer, self.session.user))

    def authenticate_again(self, token):
        user = self.who(token)
        if user is False:
            return
        if (user or "anonymous") != self.session.user:
            self.end(4200, "user_changed", "the new credentials are of another user")
        else:
            self.say(25, {"id": self.user})

    # ── logs ────────────────────────────────────────────────────────────────────────────────────────────────────────

    def follow(self, name, position, gaps):
        log = self.memory.log(name)
        for gap in gaps:
            self.say(*gap)
            position = gap[4] or 0
        reader = Reader(self, log, position)
        log.readers.add(reader)
        self.readers[name] = reader
        self.turns.append(reader)
        self.wake.set()

    def unfollow(self, room):
        reader = self.readers.pop("room/" + room, None)
        if reader is not None:
            reader.log.readers.discard(reader)
            self.turns.remove(reader)

    def join(self, frame):
        _, n, room, epoch, offset, _ = frame
        if not self.app.may("join", self.user, room):
            self.unfollow(room)
            self.say(19, n, room, "forbidden")
            return
        rooms = [name for name in self.readers if name.startswith("room/")]
        if "room/" + room not in self.readers and len(rooms) >= self.settings["maxRooms"]:
            self.say(19, n, room, "too_many_rooms")
            return
        self.unfollow(room)
        log = self.memory.log("room/" + room)
        position, gaps = log.start(None if offset is None else (epoch or "", offset))
        self.say(17, n, room, log.epoch, position)
        self.follow(log.name, position, gaps)

    # ── numbers ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def numbered(self, producer, frame):
        number = frame[0]
        if number == 8:
            task = producer.tasks.get(frame[1])
            if task is not None:
                task.cancel()
            return
        first, to = (frame[1], frame[2]) if number == 9 else (frame[1], frame[1])
        if to <= producer.held:
            if to <= producer.last:
                self.acknowledge(producer)
            return
        if first > producer.held + 1:
            raise Broken(f"{first} came where {producer.held + 1} was due", "out_of_order")
        if to > producer.last + self.settings["window"]["messages"]:
            raise Broken(f"{to} is past the window", "window_exceeded")
        if number == 9 and producer.kind == "messages":  # ACC-12
            producer.refused += [[seq, "void", ""] for seq in range(producer.held + 1, to + 1)]
        producer.held = to
        if number == 9:
            producer.queue.append((to, None))
        else:
            producer.queue.append((to, Job(self, producer, frame)))
        self.server.advance(producer)

    def acknowledge(self, producer):
        """At the end of the turn: a moment later, so that what is committed one after the other travels together."""
        if not self.to_acknowledge:
            asyncio.get_running_loop().call_later(GATHER_S, self.wake.set)
        self.to_acknowledge[producer.id] = producer


class Job:
    """A message or request on its way through its handler."""

    def __init__(self, connection, producer, frame):
        self.connection, self.seq = connection, frame[1]
        self.is_request = frame[0] == 7
        self.room = None if self.is_request else frame[2]
        self.kind, self.data = frame[2:4] if self.is_request else frame[3:5]
        meta = None if self.is_request else frame[5]
        self.echo = (meta or {}).get("echo") is not False
        ttl = frame[4] if self.is_request else None
        self.expires = None if ttl is None else time.monotonic() + ttl / 1000
        self.replies = "replies/" + connection.session.id
        redelivered = self.seq <= producer.bound and not self.is_request
        self.context = Context(connection, f"{producer.id}.{self.seq}", self.room, redelivered)
        # REQ-5: what came before on this connection.
        earlier = [p for p in connection.producers if p is not None and p.kind == "messages" and p.held > p.last]
        self.after = [(p, p.held) for p in earlier] if self.is_request else []


class Server:
    def __init__(self, app, **settings):
        self.app = app
        self.settings = {**DEFAULTS, **settings}
        self.memory = Memory(self.settings)
        self.connections = set()
        app.server = self

    async def listen(self, host="127.0.0.1", port=0):
        self.listening = await websockets.serve(
            self.accept,
            host,
            port,
            subprotocols=["surewire.1.json"],
            process_request=self.refuse,
            max_size=self.settings["maxFrame"],
            ping_interval=None,
            compression=None,
            close_timeout=1,
        )
        self.sweeper = asyncio.ensure_future(self.sweep())
        return self.listening.sockets[0].getsockname()[1]

    async def sweep(self):
        while True:
            await asyncio.sleep(1)
            self.memory.sweep()

    async def refuse(self, path, headers):
        if path.split("?")[0] != "/ws":
            return HTTPStatus.NOT_FOUND, [], b"no WebSocket here\n"
        offered = ",".join(headers.get_all("Sec-WebSocket-Protocol"))
        if "surewire.1.json" not in [one.strip() for one in offered.split(",")]:
            return HTTPStatus.BAD_REQUEST, [], b"offer the subprotocol surewire.1.json\n"
        return None

    async def accept(self, socket):
        connection = Connection(self, socket)
        self.connections.add(connection)
        try:
            await connection.serve()
        finally:
            self.connections.discard(connection)

    async def close(self, after_ms=0, spread_ms=5_000):
        """HS-17."""
        for connection in list(self.connections):
            connection.say(26, {"afterMs": after_ms, "spreadMs": spread_ms, "reason": "shutdown"})
            connection.end(4100)
        self.sweeper.cancel()
        self.listening.close()
        await self.listening.wait_closed()

    def kick(self, session_id):
        session = self.memory.sessions.get(session_id)
        if session is None or session.connection is None:
            return
        connection = session.connection
        connection.end(4400, "kicked", "the connection was ended for good")
        self.memory.forget(session)

    # ── from numbers to commits ─────────────────────────────────────────────────────────────────────────────────────

    def advance(self, producer):
        """Starts what may start: the next message, or as many requests as allowed."""
        while producer.queue and not producer.retired:
            to, job = producer.queue[0]
            if producer.kind == "messages" and producer.tasks:
                return
            if job is None:
                producer.queue.popleft()
                self.commit(producer, to)
            elif producer.kind == "messages":
                producer.queue.popleft()
                self.start(producer, job, self.handle_message)
                return
            elif not self.start_request(producer, job):
                return

    def start_request(self, producer, job):
        if len(producer.tasks) >= self.settings["maxRequests"]:
            return False
        blocked = [earlier for earlier, seq in job.after if earlier.last < seq and not earlier.retired]
        for earlier in blocked:
            earlier.waiters.add(producer)
        if blocked:
            return False
        producer.queue.popleft()
        self.commit(producer, job.seq)  # Its start; it never runs again.
        if job.expires is not None and time.monotonic() >= job.expires:
            self.reply(job, {"code": "expired", "message": "the request expired before it could start"}, True)
        else:
            self.start(producer, job, self.handle_request)
        return True

    def start(self, producer, job, handle):
        task = asyncio.ensure_future(handle(producer, job))
        producer.tasks[job.seq] = task

        def done(_):
            producer.tasks.pop(job.seq, None)
            self.advance(producer)

        task.add_done_callback(done)

    async def run(self, job, handlers):
        """What the handler returned, and how it was refused: (code, sentence) or None."""
        handler = handlers.get(job.kind)
        context = job.context
        kind = "request" if job.is_request else "send"
        if not self.app.may(kind, context.user, job.room):
            return None, ("forbidden", f"not allowed: {job.kind}")
        if handler is None and job.room is not None:
            meta = {"id": context.id, "from": context.user}
            if context.redelivered:
                meta["redelivered"] = True
            excluded = None if job.echo else context.session
            context.sent.append(("room/" + job.room, job.kind, job.data, meta, excluded))
            return None, None
        if handler is None:
            return None, ("unknown_type", f"nothing here handles {job.kind}")
        limit = self.settings["handlerMs"] / 1000
        if job.expires is not None:
            limit = min(limit, max(0.0, job.expires - time.monotonic()))
        try:
            return await asyncio.wait_for(handler(job.data, context), limit), None
        except asyncio.TimeoutError:
            return None, ("timeout" if job.is_request else "handler_timeout", "the handler took too long")
        except Refusal as refusal:
            return None, (refusal.code, str(refusal))
        except Exception as error:  # Never more than this is told.
            print("handler failed:", job.kind, repr(error), flush=True)
            return None, ("handler_failed", f"the server could not handle {job.kind}")

    async def handle_message(self, producer, job):
        _, refusal = await self.run(job, self.app.messages)
        if not producer.retired:
            self.commit(producer, job.seq, job.context.sent, refusal)

    async def handle_request(self, producer, job):
        try:
            result, refusal = await self.run(job, self.app.requests)
        except asyncio.CancelledError:
            result, refusal = None, ("cancelled", "the request was cancelled")
        if producer.retired:
            return
        if refusal is not None:
            self.reply(job, {"code": refusal[0], "message": refusal[1]}, True)
            return
        self.append(job.context.sent)
        self.reply(job, result, False)

    def reply(self, job, data, failed):
        meta = {"id": job.context.id + ":reply", "from": None, "re": job.context.id}
        if failed:
            meta["error"] = True
        self.memory.append(job.replies, job.kind, data, meta)

    def append(self, sent):
        for log, kind, data, meta, excluded in sent:
            self.memory.append(log, kind, data, meta, excluded)

    def commit(self, producer, to, sent=(), refusal=None):
        """One step: `last` moves on, effects are appended, or the refusal is remembered (section 1)."""
        producer.last = to
        connection = producer.connection
        if refusal is None:
            self.append(sent)
        else:
            producer.refused.append([to, *refusal])
            if connection is not None:
                connection.say(11, producer.index, to, *refusal)
        oldest = to - self.settings["window"]["messages"]
        producer.refused = [entry for entry in producer.refused if entry[0] > oldest]
        if connection is not None:
            connection.acknowledge(producer)
        waiters, producer.waiters = producer.waiters, set()
        for waiter in waiters:
            self.advance(waiter)

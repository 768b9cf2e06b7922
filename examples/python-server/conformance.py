"""The fixtures that the conformance kit asks for (docs/PROTOCOL.md, section 13). Prints `listening <port>`."""

import asyncio
import sys

from server import Application, Refused, Server

LIMITS = {
    "helloMs": 1_000,
    "handlerMs": 1_000,
    "sessionMs": 2_000,
    "pingTimeoutMs": 1_000,
    "history": 64,
    "maxRequests": 16,
    "maxRooms": 64,
}


class Fixtures(Application):
    def __init__(self):
        super().__init__()
        self.notes = {}
        self.released = {}
        for kind in ("note", "refuse", "tell", "tell_and_refuse", "fill", "tell_user", "tell_session", "tell_all"):
            self.messages["kit." + kind.replace("_", "-")] = getattr(self, kind)
        for kind in ("hold", "release", "kick"):
            self.messages["kit." + kind] = getattr(self, kind)
        for kind in ("echo", "fail", "hold", "noted", "post"):
            self.requests["kit." + kind] = getattr(self, kind)

    def authenticate(self, auth):
        if auth == "refuse":
            raise Refused("these credentials are refused")
        if auth == "unavailable" or not isinstance(auth, str):
            raise RuntimeError("credentials cannot be checked")
        return auth

    def may(self, kind, user, room):
        return room is None or not room.startswith("forbidden")

    async def note(self, data, ctx):
        self.notes.setdefault(data["key"], []).append([ctx.id, ctx.redelivered])

    async def refuse(self, data, ctx):
        await self.note(data, ctx)
        raise RuntimeError("a secret of the server")

    async def tell(self, data, ctx):
        ctx.send("room/" + data["room"], data["type"], data["data"], data.get("except"))

    async def tell_and_refuse(self, data, ctx):
        await self.tell(data, ctx)
        raise RuntimeError("a secret of the server")

    async def fill(self, data, ctx):
        for n in range(1, data["count"] + 1):
            ctx.send("room/" + data["room"], "filled", [n, "x" * data.get("size", 0)])

    async def tell_user(self, data, ctx):
        ctx.send("user/" + data["user"], data["type"], data["data"])

    async def tell_session(self, data, ctx):
        ctx.send("session/" + data["session"], data["type"], data["data"])

    async def tell_all(self, data, ctx):
        ctx.send("all", data["type"], data["data"])

    async def hold(self, data, ctx):
        await self.note(data, ctx)
        await self.released.setdefault(data["key"], asyncio.Event()).wait()
        return data["key"]

    async def release(self, data, ctx):
        self.released.setdefault(data["key"], asyncio.Event()).set()

    async def kick(self, data, ctx):
        self.server.kick(data["session"])

    async def echo(self, data, ctx):
        return data

    async def fail(self, data, ctx):
        raise RuntimeError("a secret of the server")

    async def noted(self, data, ctx):
        return self.notes.get(data["key"], [])

    async def post(self, data, ctx):
        await self.tell(data, ctx)
        if data["fail"]:
            raise RuntimeError("a secret of the server")
        return "posted"


async def main():
    port = await Server(Fixtures(), **LIMITS).listen(port=int(sys.argv[1]) if len(sys.argv) > 1 else 0)
    print("listening", port, flush=True)
    await asyncio.Future()


if __name__ == "__main__":
    asyncio.run(main())

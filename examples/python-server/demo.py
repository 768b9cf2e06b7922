"""
The server of the repository's demo, in Python: writes a book of what it handles and publishes, and publishes streams.

Arguments: the book's path, a JSON file `{stream: [record, …]}`, a port (0: any). Prints `listening <port>`; a line
`replay <ms>` on standard input publishes every stream within that time, evenly, and ends with `replayed`.
"""

import asyncio
import json
import sys
import time

from server import Application, Refusal, Server


class Demo(Application):
    def __init__(self, book, streams):
        super().__init__()
        self.book = open(book, "a", encoding="ascii", buffering=1)
        self.streams = streams
        self.messages["record"] = self.record
        self.requests["lookup"] = self.lookup

    def write(self, what, index, stream):
        self.book.write(f"{what} {index} {stream}\n")

    def record_at(self, stream, index):
        records = self.streams[stream]
        return records[(index - 1) % len(records)]

    async def record(self, data, ctx):
        self.write("again" if ctx.redelivered else "handled", int(data["index"]), data["stream"])

    async def lookup(self, data, ctx):
        if data["stream"] not in self.streams:
            raise Refusal("unknown_stream", "there is no such stream")
        index = int(data["index"])
        self.write("handled", index, "requests")
        return {"stream": data["stream"], "index": index, "record": self.record_at(data["stream"], index)}

    async def replay(self, ms, whole_ms=20_000):
        """As much of each stream as falls into the first `ms` of a replay of `whole_ms`."""
        began = time.monotonic()
        published = dict.fromkeys(self.streams, 0)
        elapsed = 0.0
        while elapsed < ms:
            await asyncio.sleep(0.02)
            elapsed = min((time.monotonic() - began) * 1000, ms)
            for stream, records in self.streams.items():
                due = int(len(records) * elapsed / whole_ms)
                for index in range(published[stream] + 1, due + 1):
                    self.write("published", index, stream)
                    data = {"stream": stream, "index": index, "record": self.record_at(stream, index)}
                    meta = {"id": f"{stream}-{index}", "from": None}
                    self.server.memory.append("room/demo/" + stream, "record", data, meta)
                published[stream] = due
        print("replayed", flush=True)


async def main():
    book, streams, port = sys.argv[1:4]
    with open(streams, encoding="utf-8") as file:
        demo = Demo(book, json.load(file))
    server = Server(demo, history=20_000, pingTimeoutMs=1_000)
    print("listening", await server.listen(port=int(port)), flush=True)
    loop = asyncio.get_running_loop()
    while True:
        line = await loop.run_in_executor(None, sys.stdin.readline)
        if not line:
            await server.close()
            return
        await demo.replay(int(line.split()[1]))


if __name__ == "__main__":
    asyncio.run(main())

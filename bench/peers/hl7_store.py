"""The peer of the MLLP rows: python-hl7's own asyncio server, every message in SQLite (synchronous=FULL) before its ACK.

    hl7_store.py PORT FILE"""
import asyncio
import sqlite3
import sys

import hl7
from hl7.mllp import start_hl7_server


async def main(port, path):
    store = sqlite3.connect(path)
    store.execute("PRAGMA journal_mode=WAL")
    store.execute("PRAGMA synchronous=FULL")
    store.execute("CREATE TABLE message (id INTEGER PRIMARY KEY, control TEXT, body TEXT)")

    async def serve(reader, writer):
        try:
            while not writer.is_closing():
                message = await reader.readmessage()
                store.execute("INSERT INTO message (control, body) VALUES (?, ?)", (str(message["MSH.F10"]), str(message)))
                store.commit()
                writer.writemessage(message.create_ack())
                await writer.drain()
        except asyncio.IncompleteReadError:
            writer.close()

    async with await start_hl7_server(serve, host="127.0.0.1", port=port, encoding="utf-8", limit=1 << 20) as server:
        await server.serve_forever()


assert hl7.__version__
asyncio.run(main(int(sys.argv[1]), sys.argv[2]))

"""A stand-in for Twilio that costs next to nothing: `python -m benchmarks._carrier DELAY_MS`.

It answers each message with 201 and the same resource under a new id, after DELAY_MS; nothing is
kept. It says its port first.
"""

import asyncio
import json
import sys
from itertools import count

_NUMBERS = count(1)
_RESOURCE = json.dumps(
    {
        "account_sid": "AC" + "0" * 32, "api_version": "2010-04-01", "body": "", "date_created": None,
        "date_sent": None, "date_updated": None, "direction": "outbound-api", "error_code": None,
        "error_message": None, "from": "+447700900999", "messaging_service_sid": None, "num_media": "0",
        "num_segments": "1", "price": None, "price_unit": "USD", "sid": "SM%032d", "status": "queued",
        "subresource_uris": {}, "to": "+447700900145", "uri": "",
    }
)  # fmt: skip


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay: float) -> None:
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            length = next((int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0)
            await reader.readexactly(length)
            if delay:
                await asyncio.sleep(delay)
            body = (_RESOURCE % next(_NUMBERS)).encode()
            writer.write(b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


async def _main(delay_ms: int) -> None:
    server = await asyncio.start_server(lambda r, w: _serve(r, w, delay_ms / 1000), "127.0.0.1", 0)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_main(int(sys.argv[1])))

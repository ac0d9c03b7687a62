"""A real HTTP server that speaks the chat protocol: it answers as it is told and keeps what it got."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from safecrs.endpoint import Endpoint


@dataclass(frozen=True)
class Reply:
    """What the server sends: a chat completion of ``text``, or ``body`` as it stands."""

    text: str | None = ""
    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    after: float = 0.0


def error(status: int, message: str, **headers: str) -> Reply:
    body = {"error": {"message": message, "type": "invalid_request_error", "param": None, "code": None}}
    return Reply(status=status, body=body, headers={"retry-after-ms": "1"} | headers)


class ChatServer:
    """A server of one model. Set ``reply`` to a `Reply`, or to a function from a request's body to one."""

    def __init__(self) -> None:
        self.reply: Reply | Callable[[dict[str, Any]], Reply] = Reply()
        self.requests: list[dict[str, Any]] = []
        self.keys: list[str | None] = []
        self.at_once = self.most_at_once = 0
        self._lock = threading.Lock()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                outer._answer(self, body)

            def log_message(self, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1"
        threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        ).start()

    def __enter__(self) -> ChatServer:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def endpoint(self, **changes: Any) -> Endpoint:
        return Endpoint(**{"base_url": self.url, "model": "small", "timeout": 10.0, "retries": 0} | changes)

    def says(self, *texts: str) -> None:
        """Answer with each text in turn, then with the last again."""
        left = list(texts)
        self.reply = lambda _: Reply(left.pop(0) if len(left) > 1 else left[0])

    def _answer(self, handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        with self._lock:
            self.requests.append(body)
            self.keys.append(handler.headers.get("Authorization"))
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
            if handler.path != "/v1/chat/completions":
                reply = error(404, "Not Found")
            else:
                reply = self.reply if isinstance(self.reply, Reply) else self.reply(body)
        if reply.after:
            time.sleep(reply.after)
        sent = completion(reply.text, body["model"]) if reply.body is None else reply.body
        data = sent.encode() if isinstance(sent, str) else json.dumps(sent).encode()
        with self._lock:
            self.at_once -= 1
        try:
            handler.send_response(reply.status)
            for name, value in ({"Content-Type": "application/json"} | reply.headers).items():
                handler.send_header(name, value)
            handler.send_header("Content-Length", str(len(data)))
            handler.end_headers()
            handler.wfile.write(data)
        except (BrokenPipeError, ConnectionResetError):
            pass  # whoever asked has not waited


def completion(text: str | None, model: str) -> dict[str, Any]:
    """As vLLM answers."""
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1760000000,
        "model": model,
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": text, "refusal": None, "tool_calls": []},
                "finish_reason": "stop",
                "logprobs": None,
            }
        ],
        "usage": {"prompt_tokens": 10, "completion_tokens": 10, "total_tokens": 20},
    }

"""The witness of upstream.py with everything a server can ask and tell, for the matrix of eras.

`python matrix_upstream.py PORT [--modern-only]`. With the flag a server of mcp 2.3.0 forgets that there was a handshake.
"""

import sys

from mcp.types import Completion, SamplingMessage, TextContent
from upstream import IS_MODERN, Context, modern_only, saw, server

if IS_MODERN:
    from typing import Annotated

    from mcp.server.mcpserver import ListRoots, Resolve, Sample
    from mcp.types import CreateMessageResult, ListRootsResult

    async def ask_model() -> Sample:
        message = SamplingMessage(role="user", content=TextContent(type="text", text="say something"))
        return Sample([message], max_tokens=10)

    async def ask_roots() -> ListRoots:
        return ListRoots()

    @server.tool()
    async def muse(answer: Annotated[CreateMessageResult, Resolve(ask_model)]) -> str:
        """Asks the client's model."""
        saw("muse")
        return answer.content.text

    @server.tool()
    async def where(answer: Annotated[ListRootsResult, Resolve(ask_roots)]) -> str:
        """Asks for the client's roots."""
        saw("where")
        return " ".join(str(root.uri) for root in answer.roots)
else:

    @server.tool()
    async def muse(ctx: Context) -> str:
        """Asks the client's model."""
        message = SamplingMessage(role="user", content=TextContent(type="text", text="say something"))
        answer = await ctx.session.create_message([message], max_tokens=10)
        saw("muse")
        return answer.content.text

    @server.tool()
    async def where(ctx: Context) -> str:
        """Asks for the client's roots."""
        answer = await ctx.session.list_roots()
        saw("where")
        return " ".join(str(root.uri) for root in answer.roots)


@server.tool()
async def mumble(ctx: Context) -> str:
    """Logs at two levels."""
    await ctx.debug("quiet")
    await ctx.warning("loud")
    return "said"


@server.tool()
async def touch(uri: str, ctx: Context) -> str:
    """Says that a resource was updated."""
    if IS_MODERN:
        await ctx.notify_resource_updated(uri)
    else:
        await ctx.session.send_resource_updated(uri)
    return "touched"


@server.tool()
async def both(a: int) -> dict[str, int]:
    """Returns structured content."""
    return {"a": a}


@server.resource("docs://open/{name}")
def page(name: str) -> str:
    return f"page {name}"


@server.completion()
async def complete(ref, argument, context):
    return Completion(values=[f"{argument.value}da"])


if __name__ == "__main__":
    port = int(sys.argv[1])
    if not IS_MODERN:
        server.settings.port = port
        server.run("streamable-http")
    elif "--modern-only" in sys.argv:
        import uvicorn

        uvicorn.run(modern_only(server.streamable_http_app(host="127.0.0.1")), host="127.0.0.1", port=port)
    else:
        server.run("streamable-http", host="127.0.0.1", port=port)

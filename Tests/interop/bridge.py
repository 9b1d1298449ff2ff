"""Serves a stdio MCP server over Streamable HTTP with FastMCP's proxy: `python bridge.py PORT COMMAND [ARGUMENT...]`."""

import sys

from fastmcp.client.transports import StdioTransport
from fastmcp.server import create_proxy

if __name__ == "__main__":
    port, command, *arguments = sys.argv[1:]
    proxy = create_proxy(StdioTransport(command, arguments), name="bridge")
    proxy.run(transport="http", host="127.0.0.1", port=int(port), show_banner=False)

"""A FastMCP server: `python fastmcp_upstream.py PORT`."""

import sys

from fastmcp import FastMCP

server = FastMCP("fast")


@server.tool
def echo(text: str) -> str:
    """Returns the text it is given."""
    return text


@server.tool
def delete_account(account: str) -> str:
    """Deletes an account for good."""
    raise AssertionError("must never be reached")


if __name__ == "__main__":
    server.run(transport="http", host="127.0.0.1", port=int(sys.argv[1]), show_banner=False)

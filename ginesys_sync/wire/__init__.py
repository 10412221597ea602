"""Floor 1: what crosses the network.

Messages (`messages`), routes and limits (`routes`), and the batch body (`body`). Both ends import
it; it knows neither. It may import core only, besides pydantic and zstandard. Whatever is read here
came from outside: every field is bounded.
"""

"""The thinnest Flask there is: what HTTP itself costs on this machine, in the same run."""

from flask import Flask

app = Flask("thin")


@app.get("/")
def hello() -> str:
    """Nothing."""
    return "{}"

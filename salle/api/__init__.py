"""The JSON API, version 1: the contract that other programs rely on."""

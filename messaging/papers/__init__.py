"""Papers: what each letter says. One module a letter; each reads the facts and writes a `Paper`."""

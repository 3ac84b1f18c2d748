"""A ledger in a PostgreSQL database, which several machines share. Loaded only where a URL asks for it."""

"""A minimal witness, written from C2SP tlog-witness and RFC 6962 alone: nothing of it is ours."""

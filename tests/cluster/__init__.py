"""Three brokers with TLS and a PostgreSQL with a synchronous standby, hurt under load.

`make test-cluster`; the traffic, the house and the judge are the torture's (tests/torture).
"""

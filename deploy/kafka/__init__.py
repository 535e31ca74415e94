"""A Kafka broker for one machine: fetched by Maven, one KRaft node on loopback."""

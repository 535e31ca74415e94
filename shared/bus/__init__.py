"""The bus: Kafka, or a log in PostgreSQL for one machine, behind one small protocol."""

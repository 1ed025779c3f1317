"""The one database: tables, connections, transactions, migrations. SQLite by default, PostgreSQL by one setting."""

"""The store of many processes: MongoDB, by unique inserts and exact reads. See docs/adr/0012-mongodb-log.md."""

from gateway.adapters.mongo.store import MongoStore

__all__ = ["MongoStore"]

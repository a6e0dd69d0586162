"""RabbitMQ: everything for everyone outside, and wake-ups between our own processes."""

from gateway.adapters.rabbitmq.connection import shown
from gateway.adapters.rabbitmq.exchange import RabbitExchange
from gateway.adapters.rabbitmq.queues import Delivered, Following, declare

__all__ = ["Delivered", "Following", "RabbitExchange", "declare", "shown"]

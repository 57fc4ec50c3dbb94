"""Redis as a cache that may be away: a page must not fail because the doorbell is out."""

import logging
from typing import Any

import redis
from django.core.cache.backends.redis import RedisCache, RedisCacheClient

logger = logging.getLogger(__name__)


class _KeptClient(RedisCacheClient):
    """Making a client takes longer than asking it. Each thread has a cache of its own, with which these go."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._made: dict[redis.ConnectionPool, redis.Redis] = {}

    def get_client(self, key: Any = None, *, write: bool = False) -> redis.Redis:
        pool = self._get_connection_pool(write)  # type: ignore[attr-defined]
        if pool not in self._made:
            self._made[pool] = redis.Redis(connection_pool=pool)
        return self._made[pool]


class FailingOpenRedisCache(RedisCache):
    """Reads miss and writes are dropped, with a warning, while Redis does not answer."""

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._class = _KeptClient


def _failing_open(name: str, answer: Any) -> Any:
    def method(self: FailingOpenRedisCache, *args: Any, **kwargs: Any) -> Any:
        try:
            return getattr(super(FailingOpenRedisCache, self), name)(*args, **kwargs)
        except redis.RedisError as error:
            logger.warning("The cache is away, going on without it: %s", error)
            return answer(args, kwargs)

    return method


def _second(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    return kwargs.get("default", args[1] if len(args) > 1 else None)


for _name, _answer in {
    "get": _second,
    "set": lambda a, k: None,
    "add": lambda a, k: True,
    "delete": lambda a, k: False,
    "touch": lambda a, k: False,
    "has_key": lambda a, k: False,
    "get_many": lambda a, k: {},
    "set_many": lambda a, k: [],
    "delete_many": lambda a, k: None,
    "incr": lambda a, k: 1,
    "clear": lambda a, k: False,
}.items():
    setattr(FailingOpenRedisCache, _name, _failing_open(_name, _answer))

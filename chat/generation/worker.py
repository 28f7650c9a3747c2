"""The worker: claims generations, runs them, keeps their leases, hears stops, hands back at the end.

Embedded in the web process or on its own (`manage.py worker`), it is the same. It learns of new work by a nudge and,
in case one was lost, looks by itself every second.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import uuid

from django.db import DatabaseError

from chat.actions.finish import fail_unowned
from chat.conf import conf
from chat.errors import StreamInterrupted
from chat.events.nudge import Kind, doorbell
from chat.events.prune import prune
from chat.events.types import Error
from chat.generation import lease
from chat.generation.commit import Committed, GroupCommit
from chat.generation.lease import Claim
from chat.generation.runner import Runner
from chat.generation.title import title_next
from chat.models.work import db_work
from chat.providers.registry import aclose_all

logger = logging.getLogger(__name__)

PRUNE_EACH_S = 3600.0


class Worker:
    """`committed` hears of every event this worker has stored, in the event loop, after the commit."""

    def __init__(self, committed: Committed = lambda events: None) -> None:
        self.owner = f"{socket.gethostname()[:20]}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
        self._commit = GroupCommit(committed)
        self._runners: dict[int, Runner] = {}
        self._wake = asyncio.Event()
        self._titling: asyncio.Timeout | None = None

    async def run(self) -> None:
        """Work until cancelled; then hand back what is not finished."""
        unlisten = doorbell.listen(self._nudged)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._commit.run())
                group.create_task(self._keep_leases())
                group.create_task(self._title_chats())
                group.create_task(self._prune())
                await self._claim_forever(group)
        finally:
            unlisten()
            await asyncio.shield(self._hand_back())
            await aclose_all()

    def _nudged(self, kind: Kind, own: bool) -> None:
        if kind == "changes":
            self._wake.set()

    async def _claim_forever(self, group: asyncio.TaskGroup) -> None:
        while True:
            try:
                await self._hear_stops()
                for claim in await self._claims():
                    self._start(claim, group)
            except DatabaseError as error:
                logger.warning("no claims while the database is away: %s", type(error).__name__)
                await asyncio.sleep(conf.tick_s)
            await self._rest()

    async def _rest(self) -> None:
        """Wait for a nudge, at most one tick."""
        try:
            async with asyncio.timeout(conf.tick_s):
                await self._wake.wait()
        except TimeoutError:
            return
        self._wake.clear()

    async def _claims(self) -> list[Claim]:
        await db_work(_fail_poison)
        free = conf.runners_per_worker - len(self._runners)
        return await db_work(lease.claim_next, self.owner, limit=free)

    def _start(self, claim: Claim, group: asyncio.TaskGroup) -> None:
        writer = self._commit.writer(claim.id, claim.epoch)
        runner = Runner(claim, writer, group.create_task)
        earlier = self._runners.get(claim.id)
        if earlier is not None:  # our own lease ran out, as after a laptop's sleep, and we were the first to see it
            earlier.lose()
        self._runners[claim.id] = runner
        if self._titling is not None:
            self._titling.reschedule(asyncio.get_running_loop().time())
        group.create_task(self._run(runner))

    async def _run(self, runner: Runner) -> None:
        try:
            await runner.run()
        finally:
            # Cancelled means that the process ends: then the claim is still ours to hand back.
            if not _being_cancelled():
                if self._runners.get(runner.claim.id) is runner:
                    del self._runners[runner.claim.id]
                self._wake.set()

    async def _hear_stops(self) -> None:
        if self._runners:
            for id_ in await db_work(lease.stops_requested, self.owner, self._claimed()):
                if id_ in self._runners:  # it may have ended meanwhile
                    self._runners[id_].stop()

    async def _keep_leases(self) -> None:
        while True:
            await asyncio.sleep(conf.renew_s)
            claimed = self._claimed()
            if not claimed:
                continue
            try:
                ours = await db_work(lease.renew, self.owner, claimed)
            except DatabaseError as error:
                logger.warning("leases not renewed: %s", type(error).__name__)
                continue
            for id_ in claimed.keys() - ours:
                if id_ in self._runners and self._runners[id_].claim.epoch == claimed[id_]:
                    self._runners[id_].lose()

    async def _title_chats(self) -> None:
        """Give chats their titles while nobody waits for an answer."""
        while True:
            await asyncio.sleep(conf.tick_s)
            if self._runners:
                continue
            try:
                async with asyncio.timeout(None) as self._titling:
                    await title_next()
            except TimeoutError:
                logger.debug("a title waits: the model is for answers first")
            finally:
                self._titling = None

    async def _prune(self) -> None:
        while True:
            await asyncio.sleep(PRUNE_EACH_S)
            try:
                while await db_work(prune):
                    pass
            except DatabaseError as error:
                logger.warning("nothing pruned: %s", type(error).__name__)

    async def _hand_back(self) -> None:
        # By the owner's name: a claim may have been made whose runner was never started.
        try:
            if await db_work(lease.hand_back, self.owner):
                doorbell.ring("changes")
        except DatabaseError as error:  # then the leases run out by themselves
            logger.warning("nothing handed back while the database is away: %s", type(error).__name__)

    def _claimed(self) -> dict[int, int]:
        return {id_: runner.claim.epoch for id_, runner in self._runners.items()}


def _fail_poison() -> None:
    for generation in lease.expired_poison():
        error = StreamInterrupted("The answer was interrupted again and again. The text so far is kept.")
        fail_unowned(generation, Error(code=error.code, error=error.text, retryable=True))


def _being_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0

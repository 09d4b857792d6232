"""The queue and its processes, without a server."""

import asyncio
import json
import os
import signal
from pathlib import Path

import pytest

from antiphon.studio.jobs import BusyError, Jobs
from antiphon.studio.metrics import Metrics
from antiphon.studio.options import Limits
from antiphon.studio.processes import TaskError, Worker

FILE = "cc0-openscore-lc6067798.mid"


def run(work, *, limits=None, count=1, kind="read"):
    """Let ``work`` use a queue that is closed at its end, with all its processes."""

    async def inside():
        jobs = Jobs(kind, count, limits or Limits(), Metrics())
        await jobs.start()
        pids = jobs.pids
        try:
            return await work(jobs)
        finally:
            await jobs.close()
            for pid in pids:
                with pytest.raises(ProcessLookupError):
                    os.kill(pid, 0)

    return asyncio.run(inside())


async def submit(jobs, content, client="a"):
    return await jobs.submit("read", "read", content, client)


def test_clients_are_served_in_turn(data):
    content, order = (data / FILE).read_bytes(), []

    async def work(jobs):
        asked = [await submit(jobs, content, client) for client in "aaaabc"]

        async def wait(job):
            await jobs.result(job)
            order.append(job.client)

        await asyncio.gather(*map(wait, asked))

    run(work)
    assert order in (["a", "b", "c", "a", "a", "a"], ["a", "a", "b", "c", "a", "a"])


def test_places_in_the_line(data):
    content = (data / FILE).read_bytes()

    async def work(jobs):
        asked = [await submit(jobs, content, client) for client in "aaab"]
        assert [jobs.before(job) for job in asked] == [0, 2, 3, 1]
        await asyncio.gather(*map(jobs.result, asked))
        assert [jobs.before(job) for job in asked] == [0] * 4
        assert len(jobs) == 0

    run(work)


def test_a_full_queue_says_so():
    async def work(jobs):
        for _ in range(3):
            await submit(jobs, b"")
        with pytest.raises(BusyError, match="3 jobs of yours"):
            await submit(jobs, b"")
        await submit(jobs, b"", "b")
        with pytest.raises(BusyError, match="0 jobs"):
            await submit(jobs, b"", "c")

    run(work, limits=Limits(queued=4, queued_each=3))


def test_what_is_cancelled_while_it_waits(data):
    content = (data / FILE).read_bytes()

    async def work(jobs):
        first, second = await submit(jobs, content), await submit(jobs, content)
        jobs.cancel(second)
        with pytest.raises(TaskError, match="cancelled"):
            await jobs.result(second)
        assert (await jobs.result(first))[0] == "application/json"
        jobs.cancel(first)
        assert (first.state, second.state) == ("done", "cancelled")

    run(work)


def test_whoever_stops_waiting_cancels():
    async def work(jobs):
        job = await submit(jobs, b"")
        waiting = asyncio.create_task(jobs.result(job))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        await job.ended.wait()
        assert job.state == "cancelled"

    run(work)


def test_a_worker_that_dies_loses_one_task(data):
    content = (data / FILE).read_bytes()

    async def work(jobs):
        await jobs.result(await submit(jobs, content))
        os.kill(jobs.pids[0], signal.SIGSTOP)
        job = await submit(jobs, content)
        while job.state != "running":
            await asyncio.sleep(0.001)
        os.kill(jobs.pids[0], signal.SIGKILL)
        with pytest.raises(TaskError) as lost:
            await jobs.result(job)
        assert lost.value.kind == "file"
        assert json.loads((await jobs.result(await submit(jobs, content)))[1])["notes"]

    run(work)


def test_a_task_that_never_ends_is_ended(data):
    async def work(jobs):
        os.kill(jobs.pids[0], signal.SIGSTOP)
        with pytest.raises(TaskError, match=r"longer than 0\.2 s"):
            await jobs.result(await submit(jobs, (data / FILE).read_bytes()))

    run(work, limits=Limits(read_s=0.2))


def test_results_are_let_go(data):
    content = (data / FILE).read_bytes()

    async def work(jobs):
        first = await submit(jobs, content)
        await jobs.result(first)
        second = await submit(jobs, content)
        await jobs.result(second)
        assert jobs.find(first.id) is None  # only one of them may be kept
        assert jobs.find(second.id) is second

    run(work, limits=Limits(kept_bytes=30_000))


def test_the_reader_has_little_memory_and_writes_nothing():
    async def work(jobs):
        with pytest.raises(TaskError):
            await jobs.result(await submit(jobs, b"no MIDI"))
        limits = Path(f"/proc/{jobs.pids[0]}/limits").read_text()
        rows = {line[:26].strip(): line[26:].split() for line in limits.splitlines()}
        assert int(rows["Max address space"][0]) <= 1 << 30
        assert int(rows["Max file size"][0]) == 0
        assert int(rows["Max core file size"][0]) == 0

    run(work)


def test_a_worker_says_what_a_person_did_wrong():
    async def work():
        worker = Worker("read", 20)
        try:
            with pytest.raises(TaskError) as refused:
                await worker.run("read", b"no MIDI", lambda share: None)
            assert refused.value.kind == "file"
        finally:
            await worker.stop()
            await worker.stop()

    asyncio.run(work())

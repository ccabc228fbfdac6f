"""Programs in asyncio's loop."""

from __future__ import annotations

import asyncio
import os
import signal
import threading

import pytest
from conftest import children

import forkexec
from forkexec import DEVNULL, PIPE, STDOUT, Attr, open_process


def test_streams():
    async def main():
        async with await open_process(["cat"], stdin=PIPE, stdout=PIPE) as process:
            process.stdin.write(b"line\n")
            assert await process.stdout.readline() == b"line\n"
            assert process.returncode is None
            process.stdin.close()
            assert await process.wait() == 0
        async with await open_process(["sh", "-c", "echo o; echo e >&2"], stdout=PIPE, stderr=STDOUT) as process:
            assert await process.communicate() == (b"o\ne\n", None)
        assert process.status.ran and process.usage.user >= 0

    asyncio.run(main(), debug=True)


def test_much_at_once():
    async def one(number):
        async with await open_process(["cat"], stdin=PIPE, stdout=PIPE, attr=Attr(nice=1)) as process:
            out, _ = await process.communicate(b"x" * 100_000)
            return len(out) + number

    async def main():
        threads = threading.active_count()
        done = await asyncio.gather(*(one(number) for number in range(50)))
        assert threading.active_count() == threads
        return done

    assert asyncio.run(main()) == [100_000 + number for number in range(50)]


def test_leaving_early_kills_all():
    async def main():
        with pytest.raises(KeyError):
            async with await open_process(["sh", "-c", "sleep 1000 & sleep 1000"], start_new_session=True) as process:
                raise KeyError
        assert process.returncode == -signal.SIGKILL

    asyncio.run(main())


def test_a_wait_that_is_cancelled():
    async def main():
        async with await open_process(["cat"], stdin=PIPE) as process:
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(process.wait(), 0.05)
            process.terminate()
            assert await process.wait() == -signal.SIGTERM
            with pytest.raises(ProcessLookupError):
                process.kill()

    asyncio.run(main())


def test_errors():
    async def main():
        with pytest.raises(FileNotFoundError):
            await open_process(["/no/such"], stdin=PIPE, stdout=PIPE)
        with pytest.raises(ValueError, match="bytes"):
            await open_process(["true"], text=True)

    asyncio.run(main())


def test_in_a_loop_of_another_thread():
    async def main():
        async with await open_process(["true"], stdout=DEVNULL) as process:
            return await process.wait()

    results = []
    thread = threading.Thread(target=lambda: results.append(asyncio.run(main())))
    thread.start()
    thread.join()
    assert results == [0] and os.getpid()
    assert forkexec.Process


def test_bad_arguments_are_refused_before_there_is_a_program():
    async def main():
        for error, keywords, sentence in (
            (ValueError, dict(bufsize=5), "limit is the size"),
            (ValueError, dict(limit=0), "limit must be 1 or more"),
            (TypeError, dict(limit="x"), "limit must be an integer"),
        ):
            with pytest.raises(error, match=sentence):
                await open_process(["/no/such"], **keywords)
        async with await open_process(["cat"], stdin=PIPE) as process:
            with pytest.raises(TypeError, match="input must be bytes"):
                await process.communicate("text")
            assert await process.communicate(b"") == (None, None)
        async with await open_process(["true"]) as process:
            with pytest.raises(ValueError, match="stdin=PIPE"):
                await process.communicate(b"nobody reads it")

    asyncio.run(main(), debug=True)
    with pytest.raises(RuntimeError, match="running loop"):
        open_process(["/no/such"]).send(None)


def test_nothing_is_left_where_the_streams_cannot_be_connected():
    async def main():
        loop = asyncio.get_running_loop()

        async def refuse(*_):
            raise KeyError("refused")

        loop.connect_read_pipe = refuse
        before = children()
        with pytest.raises(KeyError):
            await open_process(["sleep", "1000"], stdin=PIPE, stdout=PIPE)
        assert children() == before
        await asyncio.sleep(0)

    asyncio.run(main(), debug=True)

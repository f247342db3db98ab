"""What a child costs in memory is told, bounded, and does not become ours."""

import os
import subprocess
import sys

import pytest

from daydreamd.errors import CommandTooLarge
from daydreamd.host.children.commands import run
from daydreamd.host.children.usage import UsageMeter
from tests.integration.children import MIB, deed


def test_a_child_that_prints_a_gibibyte_costs_less_than_20_mib(place, tmp_path):
    code = f"""if True:
        import anyio, resource
        from pathlib import Path
        from daydreamd.host.children.commands import clean_environment, run
        async def main():
            kwargs = dict(cwd=Path("/"), env=clean_environment(), too_much="drop", deadline=120)
            await run(["true"], **kwargs)
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            done = await run({[str(word) for word in deed("floods", 1 << 30)]}, **kwargs)
            assert done.truncated and done.exit_code == 0
            print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
        anyio.run(main)
    """
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout

    assert int(printed) * 1024 < 20 * MIB


async def test_the_memory_of_a_program_is_told(place):
    # It rests for some samples: where we have had more ourselves, the kernel's figure says nothing.
    done = await run(deed("hog", 200 * MIB, 2), deadline=60, **place)

    assert 200 * MIB < done.peak_rss_bytes < 300 * MIB


def test_the_memory_of_a_program_that_nobody_saw_is_unknown():
    child = subprocess.Popen(["true"])
    meter = UsageMeter(child.pid)
    _, status, told = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    meter.ended(told)

    assert meter.usage().peak_rss_bytes is None


async def test_a_program_above_its_memory_is_ended(place):
    with pytest.raises(CommandTooLarge, match=r"it uses \d+ MiB of memory, more than 100 MiB"):
        await run(deed("hog", 1 << 40), deadline=60, max_memory=100 * MIB, **place)


async def test_the_memory_of_children_counts(place):
    argv = ["sh", "-c", '"$@"; true', "sh", *deed("hog", 1 << 40)]

    with pytest.raises(CommandTooLarge):
        await run(argv, deadline=60, max_memory=100 * MIB, **place)

import os
import sys

import pytest

from surefit.core import memory
from surefit.core.memory import available_bytes, format_bytes, require_bytes
from surefit.errors import MemoryLimitError


def write(root, path, text):
    target = root / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text)


def machine(root, available_kib=16 * 2**20, cgroup=""):
    write(root, "proc/meminfo", f"MemTotal: 99 kB\nMemAvailable:  {available_kib} kB\n")
    write(root, "proc/self/cgroup", cgroup)


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (1536, "1.5 KiB"),
        (3 * 2**30, "3.0 GiB"),
        (2**62, "4096.0 PiB"),
    ],
)
def test_sizes_for_people(count, text):
    assert format_bytes(count) == text


def test_this_machine_has_some_memory():
    assert 0 < available_bytes() <= sys.maxsize


def test_without_control_groups_the_kernel_decides(tmp_path):
    machine(tmp_path, available_kib=1000)
    assert available_bytes(tmp_path) == 1000 * 1024


def test_version_2_limit_counts_cache_as_free(tmp_path):
    machine(tmp_path, cgroup="0::/job\n")
    write(tmp_path, "sys/fs/cgroup/job/memory.max", "1000000\n")
    write(tmp_path, "sys/fs/cgroup/job/memory.current", "400000\n")
    write(tmp_path, "sys/fs/cgroup/job/memory.stat", "anon 1\ninactive_file 50000\n")
    assert available_bytes(tmp_path) == 650000


def test_version_2_without_limit(tmp_path):
    machine(tmp_path, available_kib=1000, cgroup="0::/job\n")
    write(tmp_path, "sys/fs/cgroup/job/memory.max", "max\n")
    write(tmp_path, "sys/fs/cgroup/job/memory.current", "400000\n")
    assert available_bytes(tmp_path) == 1000 * 1024


def test_the_tightest_limit_among_the_ancestors_counts(tmp_path):
    machine(tmp_path, cgroup="0::/slice/job\n")
    for path, limit, used in (("slice", 500000, 300000), ("slice/job", 900000, 100000)):
        write(tmp_path, f"sys/fs/cgroup/{path}/memory.max", str(limit))
        write(tmp_path, f"sys/fs/cgroup/{path}/memory.current", str(used))
    assert available_bytes(tmp_path) == 200000


def test_version_1_limit(tmp_path):
    machine(tmp_path, cgroup="4:cpu,memory:/docker/abc\n3:cpuset:/\n0::/\n")
    base = "sys/fs/cgroup/memory/docker/abc"
    write(tmp_path, f"{base}/memory.limit_in_bytes", "2000000")
    write(tmp_path, f"{base}/memory.usage_in_bytes", "500000")
    write(tmp_path, f"{base}/memory.stat", "inactive_file 7\ntotal_inactive_file 100\n")
    assert available_bytes(tmp_path) == 1500100


def test_inside_a_container_the_mount_itself_holds_the_limit(tmp_path):
    # The path is the host's and does not exist in the container; the files lie at the mount.
    machine(tmp_path, cgroup="4:memory:/docker/abc\n")
    write(tmp_path, "sys/fs/cgroup/memory/memory.limit_in_bytes", "2000000")
    write(tmp_path, "sys/fs/cgroup/memory/memory.usage_in_bytes", "500000")
    assert available_bytes(tmp_path) == 1500000


def test_more_used_than_allowed_is_nothing_left(tmp_path):
    machine(tmp_path, cgroup="0::/\n")
    write(tmp_path, "sys/fs/cgroup/memory.max", "100")
    write(tmp_path, "sys/fs/cgroup/memory.current", "200")
    assert available_bytes(tmp_path) == 0


def test_other_systems_ask_sysconf(tmp_path, monkeypatch):
    pages = {"SC_PHYS_PAGES": 1000, "SC_PAGE_SIZE": 4096}

    def sysconf(name):
        if name not in pages:
            raise ValueError(name)
        return pages[name]

    monkeypatch.setattr(os, "sysconf", sysconf)
    assert available_bytes(tmp_path) == 1000 * 4096
    pages["SC_AVPHYS_PAGES"] = 10
    assert available_bytes(tmp_path) == 10 * 4096


def test_where_nothing_is_known_nothing_is_refused(tmp_path, monkeypatch):
    monkeypatch.delattr(os, "sysconf")
    assert available_bytes(tmp_path) == sys.maxsize


def test_the_refusal_says_how_much_and_what_to_do(monkeypatch):
    monkeypatch.setattr(memory, "available_bytes", lambda: 2**30)
    require_bytes(2**30, "A small thing", "Nothing.")
    with pytest.raises(MemoryLimitError) as caught:
        require_bytes(3 * 2**30, "The Gram matrix of 20000 samples", "Use fewer samples.")
    assert str(caught.value) == (
        "The Gram matrix of 20000 samples must fit into memory. It needs 3.0 GiB; 1.0 GiB are "
        "available to this process. Use fewer samples."
    )
    assert isinstance(caught.value, MemoryError)

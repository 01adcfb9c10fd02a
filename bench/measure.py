"""What a process tree costs, read from /proc: CPU, memory, and what the rest of the machine did meanwhile."""
import json
import os
import resource
import subprocess
import threading
import time

TICK = os.sysconf("SC_CLK_TCK")


def tree(root):
    """Process ids of a process and everything below it."""
    children, todo, found = {}, [root], []
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                parent = int(open(f"/proc/{entry}/stat").read().rsplit(")", 1)[1].split()[1])
            except OSError:
                continue
            children.setdefault(parent, []).append(int(entry))
    while todo:
        pid = todo.pop()
        found.append(pid)
        todo += children.get(pid, [])
    return found


def cpu_seconds(root):
    """User and system time of the tree, children that ended included."""
    total = 0
    for pid in tree(root):
        try:
            total += sum(map(int, open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()[11:15]))
        except OSError:
            pass
    return total / TICK


def memory_mb(root):
    """Proportional set size of the tree."""
    total = 0
    for pid in tree(root):
        try:
            total += sum(int(line.split()[1]) for line in open(f"/proc/{pid}/smaps_rollup") if line.startswith("Pss:"))
        except OSError:
            pass
    return total / 1024


def machine_seconds():
    """CPU time of the whole machine, steal included."""
    fields = list(map(int, open("/proc/stat").readline().split()[1:9]))
    return (sum(fields[:3]) + sum(fields[5:8])) / TICK


def drive(pid, command, timeout=120):
    """Runs a driver against the server `pid`; the driver's JSON line and what it cost."""
    peak, stop = [memory_mb(pid)], threading.Event()

    def watch():
        while not stop.wait(0.3):
            peak[0] = max(peak[0], memory_mb(pid))

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    used, began, all_used, own = cpu_seconds(pid), time.monotonic(), machine_seconds(), resource.getrusage(resource.RUSAGE_CHILDREN)
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=timeout)
        row = json.loads(done.stdout.strip().splitlines()[-1])
        if done.stderr.strip():
            row["said"] = done.stderr.strip()[:200]
    except (subprocess.TimeoutExpired, ValueError, IndexError) as error:
        row = {"n": 0, "failed": 1, "per_s": 0.0, "said": f"{type(error).__name__}"}
        if not isinstance(error, subprocess.TimeoutExpired):
            row["said"] = (done.stdout + done.stderr)[-200:]
    seconds = time.monotonic() - began
    used = cpu_seconds(pid) - used
    all_used = machine_seconds() - all_used
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    stop.set()
    watcher.join()
    driver = after.ru_utime + after.ru_stime - own.ru_utime - own.ru_stime
    row["cpu_ms"] = used * 1e3 / max(row.get("n", 0), 1)
    row["peak_mb"] = max(peak[0], memory_mb(pid))
    row["other_cpu"] = max(0.0, all_used - used - driver) / seconds
    return row

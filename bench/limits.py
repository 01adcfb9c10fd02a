"""What the machine itself can do in the same run: the disk and the loopback (driver `limits` of the shared bench folder)."""
import json
import shutil
import subprocess

# row: the probe it is held against
LIMIT_OF = {
    "ct1": ("fsync_ct_1_files", "direct_ct_1_files"), "ct8": ("fsync_ct_8_files",), "cr1": ("direct_cr_1_files",), "ecg8": ("fsync_ecg_8_files",),
    "mllp1": ("append_4k_fdatasync",),
}


def probe(program, folder):
    """Probe name -> value; the folder is removed again."""
    done = subprocess.run([str(program), str(folder)], capture_output=True, text=True, timeout=180)
    shutil.rmtree(folder, ignore_errors=True)
    rows = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    return {row["probe"]: row["value"] for row in rows}

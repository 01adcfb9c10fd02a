"""The page of results."""
import statistics

WORDS = {
    "ct1": "C-STORE CT 0.5 MB, 1 association", "ct8": "C-STORE CT 0.5 MB, 8 associations", "cr1": "C-STORE CR 10 MB, 1 association",
    "ecg8": "C-STORE ECG 120 kB, 8 associations", "stow1": "STOW-RS 10 CT a request, 1 connection", "stow4": "STOW-RS 10 CT a request, 4 connections",
    "wado1": "WADO-RS study of 20 CT, 1 connection", "wado4": "WADO-RS study of 20 CT, 4 connections", "qido": "QIDO study by UID, 1 connection",
    "rendct": "rendered CT as JPEG, each the first time", "rendct2": "rendered CT as JPEG, again", "rendcr": "rendered CR as JPEG, full size",
    "rendcr1024": "rendered CR as JPEG, 1024 wide", "mllp1": "MLLP ORU with durable ACK, 1 connection", "mllp64": "MLLP ORU with durable ACK, 64 connections",
}


def median(rows, key):
    values = [row[key] for row in rows if key in row]
    return statistics.median(values) if values else float("nan")


def write(found, limits, limit_of, versions, options):
    """Markdown: one table a row of work, then memory and start, then the machine."""
    out = ["# Results of bench/run", "", "  \n".join(f"{key}: {value}" for key, value in versions.items()), ""]
    other = [row["other_cpu"] for rows in found.values() for row in rows if "other_cpu" in row]
    noise = statistics.median(other) if other else 0
    out += [f"noise: median other_cpu {noise:.2f} CPU seconds a second, worst {max(other, default=0):.2f}" + (" (above 0.2: read the ratios and CPU, not the rates)" if noise > 0.2 else ""), ""]
    out += ["Ratio = ours to the peer in the same round, median of the rounds. CPU = server CPU an operation, whole process tree. Ours is durable when it answers.", ""]
    peers = sorted({name for name, _ in found if name != "yigong"})
    for label in options.only:
        ours = found.get(("yigong", label))
        if not ours:
            continue
        out += [f"## {WORDS[label]}", "", "| server | per second | p50 ms | p99 ms | CPU ms | peak MB | failed | ratio ours to it | our CPU to its |", "|---|---|---|---|---|---|---|---|---|"]
        for name in ["yigong", *peers]:
            rows = found.get((name, label))
            if not rows:
                continue
            cells = [name, f"{median(rows, 'per_s'):.1f}", f"{median(rows, 'p50_ms'):.2f}", f"{median(rows, 'p99_ms'):.2f}", f"{median(rows, 'cpu_ms'):.3f}", f"{median(rows, 'peak_mb'):.1f}", str(sum(row.get("failed", 0) for row in rows))]
            if name == "yigong":
                cells += ["", ""]
            else:
                pairs = [(a, b) for a, b in zip(ours, rows) if b.get("per_s") and b.get("cpu_ms")]
                cells += [f"{statistics.median(a['per_s'] / b['per_s'] for a, b in pairs):.2f}", f"{statistics.median(a['cpu_ms'] / b['cpu_ms'] for a, b in pairs):.2f}"] if pairs else ["-", "-"]
            out.append("| " + " | ".join(cells) + " |")
        named = [(probe, limits[probe]) for probe in limit_of.get(label, ()) if probe in limits]
        if named:
            probe, best = max(named, key=lambda pair: pair[1])
            out += ["", f"Limit `{probe}`: {best:.1f} a second; ours reaches {median(ours, 'per_s') / best:.2f} of it."]
        out.append("")
    out += ["## Memory and start", "", "| server | memory at rest MB | start to first association s |", "|---|---|---|"]
    for name in ["yigong", *peers]:
        rows = found.get((name, "rest"))
        if rows:
            out.append(f"| {name} | {median(rows, 'peak_mb'):.1f} | {median(rows, 'start_s'):.2f} |")
    out += ["", "## What the machine can do", "", "| probe | value |", "|---|---|"]
    out += [f"| {name} | {value:.1f} |" for name, value in sorted(limits.items())]
    return "\n".join(out) + "\n"

#!/usr/bin/env python3
"""Says what bench.sh measured: its figures on the terminal, in a file of hyperfine's form, in charts.

    summary.py row RESULTS NAME GOAL RUN...             a comparison; RUN is a file of hyperfine
    summary.py point RESULTS CHART SERIES X TIMES KIB RUN...
                                                        a place on a chart, done TIMES in each run;
                                                        KIB of memory or -
    summary.py timed RESULTS CHART SERIES X             the same, seconds on stdin, a line a round
    summary.py fact RESULTS NAME GOAL FIGURE VERDICT    a figure with nothing beside it
    summary.py json RESULTS MACHINE                     all of it, in one object
    summary.py tables RESULTS                           the charts as tables, and their bends
    summary.py markdown RESULTS MACHINE                 rows and mechanisms, for README
    summary.py manual RESULTS MACHINE                   the same and a chart, for scdoc
    summary.py charts RESULTS DIRECTORY                 the charts, drawn by gnuplot

RESULTS has one JSON object a line. A row's ratio is the median of the ratios of its runs; it is noisy
where the middle half of them spans more than 15 %. Status 1 says that a goal was missed.
"""

import json
import os
import statistics
import subprocess
import sys

COLUMNS = "{:<58} {:>15} {:>15} {:>7} {:>5}  {}"
NOISY = 0.15
BEND = 1.5  # times as much for a byte or an object as at the size before


def load(name):
    with open(name, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def add(name, result):
    with open(name, "a", encoding="utf-8") as file:
        file.write(json.dumps(result) + "\n")


def span(values):
    """Half of what the middle half of VALUES spans, as a part of their median."""
    if len(values) < 2:
        return 0.0
    low, middle, high = statistics.quantiles(values, method="inclusive")
    return (high - low) / 2 / middle if middle else 0.0


def in_words(seconds):
    for unit, factor in ("s", 1), ("ms", 1e3), ("µs", 1e6):
        if seconds * factor >= 0.1 or unit == "µs":
            return f"{seconds * factor:#.3g}".rstrip(".") + " " + unit


def in_bytes(number):
    for unit in "B", "KiB", "MiB", "GiB":
        if number < 1024 or unit == "GiB":
            return f"{number:g} {unit}"
        number /= 1024


def merged(runs):
    """The runs of one command as one result of hyperfine."""
    times = [time for run in runs for time in run["times"]]
    return {
        "command": runs[0]["command"],
        "mean": statistics.mean(times),
        "stddev": statistics.stdev(times) if len(times) > 1 else None,
        "median": statistics.median(times),
        "user": statistics.mean(run["user"] for run in runs),
        "system": statistics.mean(run["system"] for run in runs),
        "min": min(times),
        "max": max(times),
        "times": times,
        "exit_codes": [code for run in runs for code in run["exit_codes"]],
    }


def results_of(files, times=1):
    runs = []
    for name in files:
        with open(name, encoding="utf-8") as file:
            runs.append(json.load(file)["results"])
    for run in (run for both in runs for run in both):
        run["times"] = [time / times for time in run["times"]]
    return [merged(list(same)) for same in zip(*runs)]


def row(results, name, goal, *files):
    peer, ours = results_of(files)
    ratios = [a / b for a, b in zip(peer["times"], ours["times"])]
    ratio = statistics.median(ratios)
    is_missed = goal != "-" and ratio < float(goal)
    words = [] if goal == "-" else ["missed" if is_missed else "met"]
    if 2 * span(ratios) > NOISY:
        words.append(f"noisy: {min(ratios):.2f} to {max(ratios):.2f}")
    verdict = ", ".join(words)
    common = {"row": name, "goal": goal, "ratio": ratio, "ratios": ratios, "verdict": verdict}
    for role, result in ("peer", peer), ("ipcbox", ours):
        add(results, {**result, "parameters": {"row": name, "role": role}, "comparison": common})
    times = [f"{in_words(r['median'])} ±{100 * span(r['times']):.0f}%" for r in (ours, peer)]
    print(COLUMNS.format(name, *times, f"{ratio:.2f}", goal, verdict))
    return is_missed


def point(results, chart, series, x, times, kib, *files):
    (result,) = results_of(files, int(times))
    result["parameters"] = {"chart": chart, "series": series, "x": x}
    if kib != "-":
        result["memory_kib"] = int(kib)
    add(results, result)


def timed(results, chart, series, x):
    times = [float(line) for line in sys.stdin]
    add(results, {
        "command": f"transfer {series} {x}",
        "mean": statistics.mean(times),
        "median": statistics.median(times),
        "min": min(times),
        "max": max(times),
        "times": times,
        "parameters": {"chart": chart, "series": series, "x": x},
    })


def fact(results, name, goal, figure, verdict):
    add(results, {"command": name, "goal": goal, "figure": figure, "verdict": verdict})
    print(COLUMNS.format(name, figure, "-", "-", goal, verdict))


def charts_of(results):
    """{chart: {series: [(x, seconds, KiB or None)]}}, all in the order in which they came."""
    charts = {}
    for result in load(results):
        place = result.get("parameters", {})
        if "chart" in place:
            series = charts.setdefault(place["chart"], {}).setdefault(place["series"], [])
            series.append((int(place["x"]), result["median"], result.get("memory_kib")))
    return charts


def bends(points):
    """Where a byte or an object costs more than before, once the start of the tool is nothing."""
    start = min(seconds for _, seconds, _ in points)
    for (x, seconds, _), (next_x, next_seconds, _) in zip(points, points[1:]):
        times = next_seconds / next_x / (seconds / x)
        if seconds > 4 * start and times > BEND:
            yield x, next_x, times


def transfer_table(charts, kind):
    """Lines of cells: the mechanisms, what SIZE takes, GiB/s, the round trip."""
    moved, trips = charts.get("transfer: " + kind, {}), charts.get("round trip: " + kind, {})
    sizes = sorted({x for points in moved.values() for x, _, _ in points})
    yield [kind, *map(in_bytes, sizes), "GiB/s", "64 B and back"]
    for series, points in moved.items():
        times = {x: seconds for x, seconds, _ in points}
        rate = sizes[-1] / times[sizes[-1]] / 2**30
        trip = trips.get(series, [(0, None, 0)])[0][1]
        yield [series, *(in_words(times[size]) for size in sizes), f"{rate:.2f}",
               in_words(trip) if trip else "-"]


PUBLISHED = "published for 1 MB: shared memory 0.5 ms, pipe 2, FIFO 2.5, socket 3, message queue 5 ms"


def tables(results):
    charts = charts_of(results)
    for kind in "C", "tools":
        lines = list(transfer_table(charts, kind))
        if len(lines) > 1:
            print()
            for cells in lines:
                print(f"{cells[0]:<20}" + "".join(f"{cell:>14}" for cell in cells[1:]))
    if "transfer: C" in charts:
        print(PUBLISHED)
    for chart in charts:
        if not chart.startswith("growth"):
            continue
        print(f"\n{chart}: seconds, KiB of memory")
        x_in_words = str if chart == "growth of numbers" else in_bytes
        for series, points in charts[chart].items():
            shown = (f"{x_in_words(x)}: {in_words(seconds)}" + (f", {kib}" if kib else "")
                     for x, seconds, kib in points)
            print(f"{series:<20}" + "".join(f"{cell:>24}" for cell in shown))
            for x, next_x, times in bends(points):
                print(f"{'':<20}bend: from {x_in_words(x)} to {x_in_words(next_x)} "
                      f"{times:.1f} times as much for each")


def comparisons(results):
    """What each row with a goal came to."""
    rows = {r["comparison"]["row"]: r["comparison"] for r in load(results)
            if "comparison" in r and r["comparison"]["goal"] != "-"}
    return list(rows.values())


def ratio_of(comparison):
    noise = " (noisy)" if "noisy" in comparison["verdict"] else ""
    return f"{comparison['ratio']:.2f}{noise}"


def lines_of(rows):
    """Cells for each of ROWS; those of one work, `1000 starts: TOOL, empty static program`, are one."""
    starts = [row for row in rows if row["row"].endswith(" program")]
    for each in rows:
        if each not in starts:
            yield [each["row"], ratio_of(each), each["goal"]]
        elif each is starts[0]:
            ratios = [row["ratio"] for row in starts]
            work = each["row"].split(":")[0] + ": every tool, the empty program of its kind"
            yield [work, f"{min(ratios):.2f} to {max(ratios):.2f}", each["goal"]]


def tables_to_show(results):
    """The rows with a goal, and the mechanisms where they were measured: tables of lines of cells."""
    yield [["work, and what it stands beside", "times as fast", "goal"],
           *lines_of(comparisons(results))]
    for kind in "C", "tools":
        lines = list(transfer_table(charts_of(results), kind))
        if len(lines) > 1:
            yield lines


def markdown(results, machine):
    print(f"Measured by `make bench` on {machine}.")
    for head, *lines in tables_to_show(results):
        print("\n| " + " | ".join(head) + " |\n|" + "---|" * len(head))
        for cells in lines:
            print("| " + " | ".join(cells) + " |")


def manual(results, machine):
    print(f"Measured by *make bench* on {machine}.")
    for head, *lines in tables_to_show(results):
        print("\n[[ *" + "*\n:] *".join(head) + "*")
        for cells in lines:
            print("|  " + "\n:  ".join(cells))
    charts = charts_of(results)
    if "transfer: C" in charts and "transfer: tools" in charts:
        bars(charts, 2**20)


def bars(charts, size):
    """What SIZE bytes take, as a chart that a terminal can show."""
    moved = {kind: {series: seconds for series, points in charts["transfer: " + kind].items()
                    for x, seconds, _ in points if x == size} for kind in ("C", "tools")}
    longest = max(max(times.values()) for times in moved.values())
    print(f"\n```\n{in_bytes(size)} from process to process")
    for series in moved["C"]:
        for kind, times in moved.items():
            bar = "#" * max(1, round(44 * times[series] / longest))
            print(f"{series if kind == 'C' else '':<12} {kind:<6} {bar} {in_words(times[series])}")
    print("```")


SECONDS = [(power, f"{10**(power % 3)} {unit}") for power, unit in
           ((-6, "µs"), (-5, "µs"), (-4, "µs"), (-3, "ms"), (-2, "ms"), (-1, "ms"), (0, "s"), (1, "s"))]
TIME = (2, "set yrange [1e-6:20]", [(label, 10.0**power) for power, label in SECONDS])
MEMORY = (3, "set yrange [256:32768]", [(in_bytes(kib * 1024), kib) for kib in
                                        (256, 1024, 4096, 8192, 32768)])


def tics(axis, places):
    return f"set {axis}tics (" + ", ".join(f"'{label}' {place}" for label, place in places) + ")"


def draw(charts, panels, directory, file, in_words_of=in_bytes):
    """Draws PANELS, each a chart, its title and its axis, side by side into FILE.svg."""
    panel, key, last = 440, 160, len(panels) - 1
    whole = panel * len(panels) + key
    text = [f"set terminal svg size {whole},400 dynamic font 'sans,12' "
            "background '#ffffff'", f"set output '{file}.svg'",
            "set logscale xy; set grid; set style data linespoints; unset key",
            f"set multiplot layout 1,{len(panels)}"]
    for number, (name, title, (column, span_of_axis, places)) in enumerate(panels):
        series = charts.get(name, {})
        if not series:
            return
        data = f"{directory}/{file}-{number}.dat"
        with open(data, "w", encoding="utf-8") as out:
            for label, points in series.items():
                out.write(f'"{label}"\n')
                out.writelines(f"{x} {seconds} {kib or 'nan'}\n" for x, seconds, kib in points)
                out.write("\n\n")
        numbers = sorted({x for points in series.values() for x, _, _ in points})
        if number == last:
            text.append("set key outside right center reverse Left samplen 2")
        text += [f"set size {(panel + key) / whole if number == last else panel / whole},1",
                 f"set origin {panel * number / whole},0", f"set title '{title}'", span_of_axis,
                 f"set xrange [{numbers[0] / 2}:{numbers[-1] * 2}]",
                 tics("x", [(in_words_of(x), x) for x in numbers]), tics("y", places),
                 f"plot for [i=0:{len(series) - 1}] '{data}' index i using 1:{column} "
                 "title columnheader(1) linewidth 2 pointtype i+4 pointsize 0.6"]
    subprocess.run(["gnuplot"], input="\n".join(text), text=True, check=True, cwd=directory)


def draw_charts(results, directory):
    charts = charts_of(results)
    os.makedirs(directory, exist_ok=True)
    directory = os.path.abspath(directory)
    draw(charts, [("transfer: C", "one transfer by two C programs", TIME),
                  ("transfer: tools", "one transfer by the tools in a script", TIME)],
         directory, "transfers")
    draw(charts, [("growth of data", "bytes through a tool: time", TIME),
                  ("growth of data", "bytes through a tool: memory", MEMORY)], directory, "data")
    draw(charts, [("growth of numbers", "objects, clients, waiters: time", TIME),
                  ("growth of numbers", "objects, clients, waiters: memory", MEMORY)],
         directory, "numbers", str)


def in_one(results, machine):
    json.dump({"machine": machine, "results": load(results)}, sys.stdout, indent=1,
              ensure_ascii=False)
    print()


verbs = {"row": row, "point": point, "timed": timed, "fact": fact, "json": in_one, "tables": tables,
         "markdown": markdown, "manual": manual, "charts": draw_charts}
sys.exit(bool(verbs[sys.argv[1]](*sys.argv[2:])))

# Keeps bench/history.csv, and warns of what got worse.
#
#   awk -v date=DATE -v commit=COMMIT -v machine=KIND -v rows=NEW_ROWS -f history.awk COMMITTED_HISTORY RUN_OUTPUT
#
# Reads the committed rows, then the figures that a run printed ("ours NAME METRIC VALUE UNIT"). Appends a row for each to
# NEW_ROWS, and prints a line for each that is more than 5 % worse than the median of the last five rows of the same
# benchmark, metric and kind of machine. Fewer than three rows are no measure.

function quoted(text) { gsub(/"/, "\"\"", text); return "\"" text "\"" }

# 1: more is better; -1: less is better; 0: neither, such as a reference, which only tells of the machine.
function direction(metric, unit) {
    if (metric ~ /reference|executions$|settings/) return 0
    if (unit ~ /\/s$/ || unit ~ /^of / || unit ~ /^times/) return 1
    if (unit ~ /^(s|ms|ns|us|MB|MiB|B|bytes)( |$)/ || unit ~ /^CPU s/ || unit ~ /^ns\//) return -1
    return 0
}

function median(values, count,    i, j, swap) {
    for (i = 2; i <= count; i++)
        for (j = i; j > 1 && values[j] < values[j - 1]; j--) { swap = values[j]; values[j] = values[j - 1]; values[j - 1] = swap }
    return count % 2 ? values[(count + 1) / 2] : (values[count / 2] + values[count / 2 + 1]) / 2
}

# A field of a row: each is in quotes, and none holds a comma between quotes of its own.
function field(number,    text) {
    split(substr($0, 2, length($0) - 2), parts, /","/)
    text = parts[number]
    gsub(/""/, "\"", text)
    return text
}

FILENAME == ARGV[1] {
    if ($0 ~ /^"/ && field(3) == machine) {
        key = field(4) SUBSEP field(5)
        seen[key, ++count[key]] = field(6)
    }
    next
}

$1 == "ours" || $1 == "peer" || $1 == "ours/peer" {
    at = $1 == "ours" ? 2 : 3
    bench = $1 == "ours" ? $2 : $1 " " $2 " " $3
    metric = $(at + 1); value = $(at + 2)
    if (value !~ /^-?[0-9]+(\.[0-9]+)?$/) next
    unit = $(at + 3)
    for (i = at + 4; i <= NF; i++) unit = unit " " $i
    print quoted(date) "," quoted(commit) "," quoted(machine) "," quoted(bench) "," quoted(metric) "," quoted(value) "," quoted(unit) >> rows
    key = bench SUBSEP metric
    better = direction(metric, unit)
    if (better == 0 || count[key] < 3) next
    taken = 0
    for (i = count[key]; i > 0 && taken < 5; i--) last[++taken] = seen[key, i] + 0
    before = median(last, taken)
    if (before <= 0) next
    worse = better > 0 ? (before - value) / before : (value - before) / before
    if (worse > 0.05)
        printf "warning: %s %s is %.0f %% worse: %s instead of %s %s (median of the last %d on this kind of machine)\n",
            bench, metric, worse * 100, value, before, unit, taken
}

package main

import (
	"fmt"
	"strings"

	"github.com/gotandem/tandem/cmd/tandem/internal/console"
)

// likeness is how near an option of GNU parallel is to what there is here.
type likeness string

const (
	alike     likeness = "same"
	different likeness = "differs"
	absent    likeness = "absent"
)

// compared is a row of the table of options: how it is written in GNU parallel,
// how here, and what is to be known.
type compared struct {
	theirs, ours string
	like         likeness
	note         string
}

// comparison is shown by tandem help parallel and is docs/gnu-parallel.md.
var comparison = []compared{
	{"::: A B", "::: A B", alike, "several lists combine as a product, the last changes fastest"},
	{":::+ ::::+", ":::+ ::::+", alike, "links two lists, and stops at the shorter one"},
	{"--link --xapply", ":::+", different, "before the second list; no list starts over"},
	{":::: FILE, -a FILE", ":::: FILE, -a FILE", alike, "one input a line"},
	{"-0", "-0", alike, "inputs end with NUL"},
	{"--csv --header : --colsep", "--as csv, --as json", different, "columns and members are {name}, in Python keyword arguments"},
	{"-d -E --trim", "", absent, "inputs are lines, or end with NUL"},
	{"-r", "", absent, "without inputs nothing runs"},
	{"{} {.} {/} {//} {/.}", "{} {.} {/} {//} {/.}", alike, ""},
	{"{#} {%} {1} {-1} {2/.}", "{#} {%} {1} {-1} {2/.}", alike, "after a retry {%} is the slot of the new attempt"},
	{"{..} {+/} {= perl =}", "", absent, "they stand for themselves; --shell or a Python function do more"},
	{"-j N, N%, +N, -N, FILE", "-p N, N%, +N, -N, FILE", alike, "-j is another name of -p; a file is read again while calls run"},
	{"-k", "-k", different, "input order is the default; --unordered gives it up"},
	{"--line-buffer", "--line-buffer", alike, "whole lines as they come"},
	{"-u", "", absent, "torn lines are of no use"},
	{"--tag", "--tag", alike, "without --tagstring"},
	{"--results DIR", "--results DIR", alike, "stdout, stderr and seq of each call"},
	{"--timeout 10, 200%", "--timeout 10s, 200%", alike, "per cent of the median so far"},
	{"--retries N", "--retries N", alike, "attempts in all"},
	{"--halt now,fail=1", "--halt now,fail=1", alike, "also the short forms 1, 2, -1, -2, N%"},
	{"--delay --load --memfree", "--delay --load --memfree", alike, "below half of --memfree the youngest call starts over later"},
	{"--nice N", "--nice N", alike, "also for Python functions"},
	{"--dry-run", "--dry-run", alike, ""},
	{"--joblog FILE", "--joblog FILE", alike, "the same columns"},
	{"--resume --joblog FILE", "--resume --log FILE", different, "by the content of the input, not by its number"},
	{"--resume-failed", "--resume-failed", different, "as above"},
	{"--pipe --block 1M", "--pipe --block 1M", alike, "parts of standard input end at the end of a line; -a FILE for --pipepart"},
	{"--env NAME", "--env KEY=VALUE", different, "adds one; commands get the whole environment anyway"},
	{"--wd DIR", "--cwd DIR", different, ""},
	{"--bar --eta --progress", "--progress", different, "shown on a terminal without being asked for"},
	{"-t -p -v -q", "-t -p -q", different, "threads, processes, quiet; --dry-run prints what would run"},
	{"--tmpdir", "TANDEM_TMPDIR", different, ""},
	{"--shuf", "", absent, "pipe the inputs through shuf"},
	{"-X -m -n -N -L", "", absent, "each input is one call; xargs packs arguments"},
	{"--sshlogin --trc", "", absent, "other machines are not used"},
	{"--semaphore --tmux --sql", "", absent, ""},
	{"shell command lines", "-- COMMAND", different, "no shell unless --shell is given, which quotes what it puts in"},
	{"parallel < commands", "-- sh -c {}", different, "each input is a line for a shell"},
	{"export -f, env_parallel", "-- bash -c 'f \"$1\"' _ {}", different, "functions that bash has exported are known to bash"},
	{"exit status 1-100", "exit status 1", different, "see tandem help exit-status"},
	{"SIGTERM twice", "SIGTERM twice", alike, "the first finishes what runs, the second kills; Ctrl-C too"},
	{"SIGUSR1", "SIGUSR1", alike, "lists what runs"},
}

const parallelIntro = `
Examples:
  parallel gzip -k ::: *.log
  tandem map -- gzip -k ::: *.log

  parallel -j8 -k ./size {} < names
  tandem map -j8 -- ./size {} < names

  parallel 'wc -l {} > {.}.n' ::: *.txt
  tandem map --shell -- 'wc -l {} > {.}.n' ::: *.txt

  parallel < commands
  tandem map -- sh -c {} < commands

  parallel --joblog log --resume ./work < inputs
  tandem map --log log --resume -- ./work < inputs
`

// parallelText is the table as a terminal shows it.
func parallelText(width int) string {
	const theirs, ours = 25, 25
	var b strings.Builder
	b.WriteString(parallelIntro + "\n")
	for _, kind := range []struct {
		like    likeness
		heading string
	}{{alike, "The same:"}, {different, "Different:"}, {absent, "Absent:"}} {
		b.WriteString(kind.heading + "\n")
		for _, row := range comparison {
			if row.like != kind.like {
				continue
			}
			head := row.theirs
			if row.like == different {
				head = fmt.Sprintf("%-*s %-*s", theirs, row.theirs, ours, row.ours)
			}
			b.WriteString(strings.TrimRight("  "+head, " ") + "\n")
			for _, line := range console.Wrap(row.note, width-6) {
				b.WriteString("      " + line + "\n")
			}
		}
		b.WriteString("\n")
	}
	return b.String()
}

// parallelTable is the table as docs/gnu-parallel.md has it.
func parallelTable() string {
	var b strings.Builder
	b.WriteString("| GNU parallel | tandem map | | |\n|---|---|---|---|\n")
	code := func(text string) string {
		if text == "" {
			return "–"
		}
		return "`" + strings.ReplaceAll(text, "|", `\|`) + "`"
	}
	for _, row := range comparison {
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", code(row.theirs), code(row.ours), row.like, row.note)
	}
	return b.String()
}

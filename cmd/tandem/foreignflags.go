package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// foreignFlags are flags of GNU parallel, xargs and rush that are called something
// else here, or are not here.
var foreignFlags = []struct{ names, hint string }{
	{"P max-procs", "-p N is how many run at once"},
	{"null-delimited", "-0 takes inputs that end with NUL"},
	{"d delimiter", "inputs are lines, or end with NUL with -0: use tr to make lines of them"},
	{"E", "inputs end with their source: use sed to cut it off"},
	{"I i", "{} stands for the input"},
	{"n N L l m X max-args max-lines xargs", "each input is one call: xargs packs several into one"},
	{"s max-chars", "each input is one call"},
	{"r no-run-if-empty", "leave it out: without inputs nothing runs"},
	{"link xapply", "write :::+ before the second list, or ::::+ before the second file"},
	{"colsep C csv header", "--as csv takes a table with a header, {name} and {1} are its columns"},
	{"trim rpl plus U", "{} {.} {/} {//} {/.} and fields are the placeholders: see tandem help placeholders"},
	{"quote", "leave it out: words are not split"},
	{"v verbose", "--dry-run prints what would run, --joblog FILE what ran"},
	{"group", "output is grouped already"},
	{"u ungroup lb ll", "--line-buffer passes lines on as they come"},
	{"tagstring", "--tag writes the input before each line"},
	{"bar eta", "leave it out: progress is shown on a terminal; see --progress"},
	{"will-cite citation", "there is no notice to silence"},
	{"S sshlogin sshloginfile slf trc transfer onall nonall", "other machines are not used"},
	{"workdir wd", "--cwd is the folder that commands run in"},
	{"tmpdir", "the variable TANDEM_TMPDIR names the folder for temporary files"},
	{"halt-on-error", "--halt soon,fail=1 finishes what runs, --halt now,fail=1 kills it"},
	{"retry-failed", "--resume-failed with --log FILE runs failures again"},
	{"pipepart", "--pipe -a FILE cuts a file"},
	{"recstart recend regexp tee round-robin roundrobin", "--pipe cuts at ends of lines: each block is the input of one command"},
	{"shuf", "use shuf to bring inputs into a random order"},
	{"semaphore fg bg tmux sql", "there is nothing like it here"},
	{"max-calls", "--max-tasks replaces a Python process after N calls"},
	{"V", "tandem version prints the version"},
}

// hintFor returns what a flag of another tool is called here, or where a flag of
// tandem map belongs. Only tandem map is like those tools.
func hintFor(cmd *cobra.Command, name string) string {
	if !cmd.HasParent() {
		return hintForRoot(cmd, name)
	}
	if cmd.Name() != "map" {
		return ""
	}
	for _, foreign := range foreignFlags {
		if slices.Contains(strings.Fields(foreign.names), name) {
			return foreign.hint
		}
	}
	return ""
}

// hintForRoot says that a flag belongs behind map, if it does.
func hintForRoot(root *cobra.Command, name string) string {
	for _, cmd := range root.Commands() {
		if cmd.Name() != "map" {
			continue
		}
		flag := cmd.Flags().Lookup(name)
		if len(name) == 1 {
			flag = cmd.Flags().ShorthandLookup(name)
		}
		if flag != nil {
			return "flags of tandem map stand behind map"
		}
	}
	return ""
}

package main

import "github.com/spf13/cobra"

// mapGroups says under which heading the flags of tandem map stand, unless they
// say so themselves with [group].
var mapGroups = map[string][]string{
	inputHeading:   {"arg-file", "null", "as", "header", "colsep", "delimiter", "glob", "range", "total", "shuf"},
	commandHeading: {"shell", "pipe", "block", "env", "cwd", "nice", "line-buffer"},
	outputHeading:  {"output", "unordered", "keep-order", "tag", "results"},
	controlHeading: {"processes", "jobs", "threads", "timeout", "retries", "halt", "delay", "load", "memfree", "dry-run", "exit-status"},
	recordHeading:  {"log", "resume", "resume-failed", "joblog"},
	viewHeading:    {"progress", "quiet", "summary", "trace"},
	pythonHeading:  {"python", "preload", "initializer", "start", "load-timeout", "memory", "max-tasks", "max-calls"},
}

// groupMapFlags puts those flags of tandem map under headings that exist and are
// under none.
func groupMapFlags(cmd *cobra.Command) {
	for heading, names := range mapGroups {
		for _, name := range names {
			if f := cmd.Flags().Lookup(name); f != nil && len(f.Annotations[groupKey]) == 0 {
				group(cmd, heading, name)
			}
		}
	}
}

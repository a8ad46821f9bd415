package main

import "github.com/spf13/cobra"

// mapGroups says under which heading the flags of tandem map stand.
var mapGroups = map[string][]string{
	inputHeading:   {"arg-file", "null", "as", "glob", "range", "total"},
	commandHeading: {"shell", "pipe", "block", "env", "cwd", "nice", "line-buffer"},
	outputHeading:  {"output", "unordered", "keep-order", "tag", "results"},
	controlHeading: {"processes", "jobs", "threads", "timeout", "retries", "halt", "delay", "load", "memfree", "dry-run"},
	recordHeading:  {"log", "resume", "resume-failed", "joblog"},
	viewHeading:    {"progress", "quiet", "summary", "trace"},
	pythonHeading:  {"python", "preload", "initializer", "start", "load-timeout", "memory", "max-tasks"},
}

// groupMapFlags puts the flags of tandem map under their headings.
func groupMapFlags(cmd *cobra.Command) {
	for heading, names := range mapGroups {
		group(cmd, heading, names...)
	}
}

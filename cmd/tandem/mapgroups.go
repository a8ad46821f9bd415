package main

import "slices"

// mapGroups says under which heading the flags of tandem map stand.
var mapGroups = map[string][]string{
	inputHeading:   {"as", "null", "arg-file", "glob", "range", "total"},
	commandHeading: {"line-buffer", "shell", "pipe", "block", "env", "cwd", "nice"},
	outputHeading:  {"output", "unordered", "keep-order", "tag", "results"},
	controlHeading: {"processes", "jobs", "threads", "timeout", "retries", "halt", "delay", "load", "memfree", "memory", "dry-run"},
	recordHeading:  {"log", "resume", "resume-failed", "joblog"},
	viewHeading:    {"progress", "quiet", "summary", "trace"},
	pythonHeading:  {"python", "preload", "initializer", "start", "load-timeout", "max-tasks"},
}

// headingOf returns the heading of a flag of tandem map.
func headingOf(name string) string {
	for heading, names := range mapGroups {
		if slices.Contains(names, name) {
			return heading
		}
	}
	return otherHeading
}

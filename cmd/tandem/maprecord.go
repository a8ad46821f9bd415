package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/cmd/tandem/internal/record"
	"github.com/gotandem/tandem/cmd/tandem/internal/runlog"
	"github.com/gotandem/tandem/cmd/tandem/internal/summary"
)

// recordFlags are the flags of "tandem map" about the record of a run.
type recordFlags struct {
	log, joblog, trace   string
	resume, resumeFailed bool
	summary              summaryForm
}

// summaryForm is the value of --summary.
type summaryForm string

const (
	summaryText summaryForm = "text"
	summaryJSON summaryForm = "json"
)

// Set implements the value of a flag.
func (s *summaryForm) Set(form string) error {
	switch form := summaryForm(form); form {
	case summaryText, summaryJSON:
		*s = form
		return nil
	}
	return fmt.Errorf("%q is no form of a summary: want text or json", form)
}

func (s *summaryForm) String() string { return string(*s) }

func (s *summaryForm) Type() string { return "text|json" }

// define declares the flags.
func (f *recordFlags) define(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.log, "log", "", "write what happens to `FILE`, a JSON object a line (docs/runlog.md)")
	flags.BoolVar(&f.resume, "resume", false, "go on with the run that --log describes: inputs that have finished do not run again")
	flags.BoolVar(&f.resumeFailed, "resume-failed", false, "the same, and those that failed run again")
	flags.StringVar(&f.joblog, "joblog", "", "write a line for each call to `FILE` in the columns of GNU parallel; +FILE appends")
	flags.StringVar(&f.trace, "trace", "", "write what ran when to `FILE`, to be opened with ui.perfetto.dev")
	flags.Var(&f.summary, "summary", "at the end, print the slowest calls, failures by kind and the use of workers")
	flags.Lookup("summary").NoOptDefVal = string(summaryText)
}

// check refuses what does not fit together.
func (f *recordFlags) check(cmd *cobra.Command) error {
	files := map[string]string{}
	for _, flag := range f.files() {
		if !cmd.Flags().Changed(flag.name) {
			continue
		}
		if flag.file == "" {
			return exitf(statusUsage, "--%s has no value: give the name of a file", flag.name)
		}
		clean := filepath.Clean(flag.file)
		if other := files[clean]; other != "" && !strings.HasPrefix(clean, "/dev/") {
			return exitf(statusUsage, "--%s and --%s name the same file %s: give each its own", other, flag.name, flag.file)
		}
		files[clean] = flag.name
	}
	return f.checkResume()
}

func (f *recordFlags) checkResume() error {
	switch {
	case f.resume && f.resumeFailed:
		return exitf(statusUsage, "--resume and --resume-failed contradict each other about calls that failed: give one of them")
	case f.log != "" || !f.resume && !f.resumeFailed:
		return nil
	case f.joblog != "":
		return exitf(statusUsage, "%s needs --log FILE: it continues the run that the log describes; a job log has no inputs", f.resumeFlag())
	}
	return exitf(statusUsage, "%s needs --log FILE: it continues the run that the log describes", f.resumeFlag())
}

func (f *recordFlags) resumeFlag() string {
	if f.resumeFailed {
		return "--resume-failed"
	}
	return "--resume"
}

func (f *recordFlags) mode() runlog.Mode {
	switch {
	case f.resume:
		return runlog.Resume
	case f.resumeFailed:
		return runlog.ResumeFailed
	}
	return runlog.New
}

// formApart returns an error when the form of a summary stands behind --summary as a
// word of its own, which is then taken for the task.
func (f *recordFlags) formApart(cmd *cobra.Command, args []string) error {
	if !cmd.Flags().Changed("summary") || len(args) == 0 || new(summaryForm).Set(args[0]) != nil {
		return nil
	}
	return fmt.Errorf("--summary %s: write --summary=%s", args[0], args[0])
}

// any reports whether something is to be recorded.
func (f *recordFlags) any() bool {
	return f.log != "" || f.joblog != "" || f.trace != "" || f.summary != ""
}

// openRecord opens what the flags ask for; when that is nothing, the Recorder is
// nil. task describes the task; it is asked only when there is a log or a trace,
// because it may read a file.
func (r *mapRun) openRecord(task func() (record.Task, error)) (*record.Recorder, error) {
	c, err := r.recordConfig(task)
	if err != nil {
		return nil, err
	}
	recorder, err := record.Open(c)
	return recorder, refusedLog(err)
}

// previewLog returns what a run would do about its inputs because of its log, nil
// when there is none. It writes nothing.
func (r *mapRun) previewLog(task func() (record.Task, error)) (*runlog.Preview, error) {
	c, err := r.recordConfig(task)
	if err != nil {
		return nil, err
	}
	preview, err := record.OpenPreview(c)
	return preview, refusedLog(err)
}

// recordConfig returns what the flags ask for.
func (r *mapRun) recordConfig(task func() (record.Task, error)) (record.Config, error) {
	f := &r.record
	if err := f.checkFiles(); err != nil {
		return record.Config{}, err
	}
	c := record.Config{
		Log: f.log, Mode: f.mode(), JobLog: f.joblog, Trace: f.trace, Slots: r.line.Command != nil,
		CommandLine: os.Args, Version: version(), Started: r.started, Quiet: r.output.quiet,
		Say: func(text string) { r.console.Print("tandem: " + text + "\n") },
	}
	if f.summary != "" {
		c.Summary = r.stats
	}
	if f.log == "" && f.trace == "" {
		return c, nil
	}
	var err error
	c.Task, err = task()
	return c, own(err)
}

// refusedLog returns an error of opening a record with its exit status.
func refusedLog(err error) error {
	if _, ok := errors.AsType[*runlog.Refused](err); ok {
		return exitf(statusUsage, "%w", err)
	}
	return own(err)
}

// checkFiles refuses to write a record into the file that a standard stream goes to,
// where each would write over the other.
func (f *recordFlags) checkFiles() error {
	for stream, standard := range map[*os.File]string{os.Stdout: "standard output", os.Stderr: "standard error"} {
		goesTo, err := stream.Stat()
		if err != nil || !goesTo.Mode().IsRegular() {
			continue
		}
		for _, flag := range f.files() {
			if info, err := os.Stat(flag.file); err == nil && os.SameFile(info, goesTo) {
				return exitf(statusUsage, "--%s %s is the file that %s goes to: give it one of its own", flag.name, flag.file, standard)
			}
		}
	}
	return nil
}

// recordFile is a file that a flag names.
type recordFile struct{ name, file string }

func (f *recordFlags) files() []recordFile {
	return []recordFile{{"log", f.log}, {"joblog", strings.TrimPrefix(f.joblog, "+")}, {"trace", f.trace}}
}

// report returns what --summary prints at the end of a run.
func (f *recordFlags) report(stats *summary.Stats, elapsed time.Duration, ex tandem.Stats) string {
	r := stats.Report(elapsed, ex)
	if f.summary != summaryJSON {
		return r.Text()
	}
	line, err := json.Marshal(r)
	if err != nil {
		panic(fmt.Sprintf("tandem: encoding a summary: %v", err)) // it has numbers and text only
	}
	return string(line) + "\n"
}

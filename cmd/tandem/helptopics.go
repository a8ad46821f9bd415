package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gotandem/tandem/internal/closest"
)

// topic is a page of help that belongs to no single command.
type topic struct {
	name, short string
	text        func(width int) string
}

// written is the text of a topic that is written down, for a width.
func written(text string) func(int) string {
	return func(width int) string { return flow(text, width) }
}

// topics are the pages of tandem help.
var topics = []topic{
	{"formats", "what inputs are, and how results are written", written(helpFormats)},
	{"placeholders", "what stands for the input in a command", written(helpPlaceholders)},
	{"resume", "going on with a run that was ended", written(helpResume)},
	{"signals", "what Ctrl-C, Ctrl-Z and kill do", written(helpSignals)},
	{"environment", "variables that set something for all runs", environmentText},
	{"exit-status", "what the exit status says", written(helpExitStatus)},
	{"parallel", "how options of GNU parallel are written here", parallelText},
}

func newHelp() *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND | TOPIC]",
		Short: "tell about a command or a topic",
		Example: `  tandem help map
  tandem help parallel
  tandem help formats`,
		ValidArgsFunction: func(cmd *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
			return helpNames(cmd.Root()), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error { return help(cmd, args) },
	}
}

// help writes the page that args name, the first one without any.
func help(cmd *cobra.Command, args []string) error {
	root := cmd.Root()
	switch {
	case len(args) == 0:
		return own(root.Help())
	case len(args) > 1:
		return exitf(statusUsage, "%d names: tandem help takes one command or topic", len(args))
	}
	for _, t := range topics {
		if t.name == args[0] {
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "tandem help %s: %s\n\n%s\n", t.name, t.short, strings.Trim(t.text(helpWidth()), "\n"))
			return own(err)
		}
	}
	for _, c := range root.Commands() {
		if c.Name() == args[0] {
			return own(c.Help())
		}
	}
	names := helpNames(root)
	if meant := closest.To(args[0], names); meant != "" {
		return exitf(statusUsage, "there is no help on %q: did you mean tandem help %s?", args[0], meant)
	}
	return exitf(statusUsage, "there is no help on %q: want one of %s", args[0], strings.Join(names, ", "))
}

// helpNames are the commands and topics that help knows.
func helpNames(root *cobra.Command) []string {
	names := verbNames(root)
	for _, t := range topics {
		names = append(names, t.name)
	}
	return names
}

func topicList(width int) string {
	var b strings.Builder
	for _, t := range topics {
		b.WriteString(entry(t.name, t.short, width))
	}
	return b.String()
}

const helpPlaceholders = `
Examples:
  tandem map -- gzip -k {} ::: *.log
  tandem map -- convert {} -resize 200 small/{/.}.jpg ::: photos/*.png
  tandem map -- curl -o page{#}.html {} < urls
  tandem map --as csv -- mail -s {subject} {address} < people.csv

In an argument of a command these stand for the input. An argument with spaces,
quotes, line feeds or a leading dash reaches the program as it is: there is no
shell. Without a placeholder the input is the last argument.

  {}          the input                         photos/a.b.png
  {.}         without its last extension        photos/a.b
  {/}         its base name                     a.b.png
  {//}        its directory                     photos
  {/.}        base name without extension       a.b
  {#}         number of the input, from 1       17
  {%}         slot that it runs in, the lowest free one, from 1
  {1} {2}     a field of the input, from the left; {-1} is the last
  {2/.}       a field, changed as above
  {name}      the field of that name: a column of --as csv, a member of
              an object

{} of an input with several fields is all of them, each an argument of its own.
With --shell the words are one command line for /bin/sh, and what is put into it
is quoted for the place where it stands.`

const helpResume = `
Examples:
  tandem map --log run.log --resume work.py:convert < inputs
  tandem map --log run.log --resume-failed work.py:convert < inputs

--log FILE keeps a record of a run: one JSON object a line, the first about the
run, each further one about a call that has ended. --resume continues from it:
an input whose call has ended before, fine or failed, is skipped. --resume-failed
runs those that failed again.

What counts is the task and the content of the input, not its position: inputs
can be added, removed or put in another order. When equal inputs occur n times,
as many are skipped as have ended. A call is in the log once its output is
written, so a run that was killed at any moment, by SIGKILL too, loses no
result; the output that was being written then can come again. A machine that
loses power may lose the last lines of the log: those calls run again. Calls that tandem itself ended, after a second Ctrl-C or --halt now, have
not ended as far as the log goes.

The log of another task is refused. When the file of the task has changed since,
that is said. Two runs cannot use one log at a time. With --dry-run they list
what would run, and leave the log as it is.

--joblog FILE writes the columns of GNU parallel for programs that read them. It
is no record to resume from.`

const helpSignals = `
First Ctrl-C, SIGTERM or SIGHUP: nothing more is started, what runs finishes and
is written, and how many calls that is is said. A second Ctrl-C or SIGTERM kills
them with all that they have started, a third ends tandem at once. A second
SIGHUP changes nothing. A signal that tandem was started to ignore (nohup) stays
ignored.

Ctrl-Z (SIGTSTP) stops the calls and tandem, fg or SIGCONT continues both. Time
goes on meanwhile, also for --timeout.

SIGUSR1 lists the calls that run, on standard error.

Whoever stops reading the results ends the run, as with any program in a pipe.
When tandem is killed by SIGKILL, the kernel ends what it has started.

The exit status is that of the first of these: see tandem help exit-status.`

const helpExitStatus = `
  0     every call succeeded
  1     some calls failed
  2     the command line is wrong, or the task cannot be loaded
  125   tandem itself failed: standard input or output, the log, or no
        process can be started
  126   the command cannot be run
  127   there is no such command
  129   stopped by SIGHUP
  130   stopped by Ctrl-C
  141   nobody reads the output any more
  143   stopped by SIGTERM

A run that was stopped says so by its status, whatever its calls did. tandem
doctor ends with 1 when the task cannot be loaded or no worker can be started.`

// environmentText is made from the table that the variables are read with.
func environmentText(width int) string {
	var b strings.Builder
	b.WriteString("\nExamples:\n  export TANDEM_PROCESSES=4\n  TANDEM_PYTHON=~/project/.venv tandem map thumbs.py:make ::: *.png\n\n")
	b.WriteString("A flag wins over its variable, and an empty variable is not set.\n\n")
	for _, s := range settings {
		text := s.help
		if s.flag != "" {
			text = "as --" + s.flag
		}
		b.WriteString(entry(s.variable, text, width))
	}
	b.WriteString("\nOf other programs:\n\n")
	for _, e := range [][2]string{
		{"NO_COLOR", "with any value: messages are not coloured"},
		{"FORCE_COLOR", "with any value: they are, 0 and false apart, which mean that they are not"},
		{"CLICOLOR_FORCE", "with any value but 0: messages are coloured"},
		{"TERM", "dumb means no colours and no changing line"},
		{"VIRTUAL_ENV", "the virtual environment whose Python is used when no other is asked for"},
		{"PATH", "where python3 and commands are looked for"},
		{"TMPDIR", "folder for temporary files when TANDEM_TMPDIR says nothing"},
	} {
		b.WriteString(entry(e[0], e[1], width))
	}
	b.WriteString("\nThe first that says something decides on colours: --color, TANDEM_NO_COLOR,\nNO_COLOR, FORCE_COLOR, CLICOLOR_FORCE, TERM=dumb, whether standard error is a\nterminal. Commands also get PARALLEL_SEQ and PARALLEL_JOBSLOT.\n")
	return flow(b.String(), width)
}

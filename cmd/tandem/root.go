package main

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/gotandem/tandem/cmd/tandem/internal/arguments"
	"github.com/gotandem/tandem/cmd/tandem/internal/console"
)

const (
	statusFailed   = 1   // some calls failed
	statusUsage    = 2   // the command line is wrong, or the task cannot be loaded
	statusOwn      = 125 // tandem failed
	statusNotRun   = 126 // the command cannot be run
	statusNotFound = 127 // there is no such command
)

// exit is an error with an exit status. Without a cause there is nothing to say.
type exit struct {
	status int
	cause  error
}

func (e *exit) Error() string {
	if e.cause == nil {
		return fmt.Sprintf("exit status %d", e.status)
	}
	return e.cause.Error()
}

func (e *exit) Unwrap() error { return e.cause }

func exitf(status int, format string, args ...any) error {
	return &exit{status, fmt.Errorf(format, args...)}
}

// execute runs the command line and returns the exit status.
func execute(args []string) int {
	root := newRoot()
	root.SetArgs(args)
	err := root.Execute()
	if err == nil {
		return 0
	}
	status := statusOn(err)
	if e, ok := errors.AsType[*exit](err); !ok || e.cause != nil {
		newConsole().Print("tandem: " + console.Printable(err.Error()) + "\n")
	}
	return status
}

// statusOn returns the exit status for an error. Errors that come from reading
// the command line have none of their own.
func statusOn(err error) int {
	if e, ok := errors.AsType[*exit](err); ok {
		return e.status
	}
	return statusUsage
}

// newConsole returns the console on standard error.
func newConsole() *console.Console {
	fd := int(os.Stderr.Fd())
	if !term.IsTerminal(fd) || os.Getenv("TERM") == "dumb" {
		return console.New(os.Stderr, nil)
	}
	return console.New(os.Stderr, func() int {
		width, _, err := term.GetSize(fd)
		if err != nil {
			return 0
		}
		return width
	})
}

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "tandem",
		Short: "run one task over many inputs, on threads, processes or both",
		Example: `  tandem map examples/primes.py:count ::: 100000 200000 300000
  tandem map -t 32 examples/titles.py:title < urls
  tandem map -- gzip -k {} ::: *.log
  tandem demo`,
		Args:          refuseUnknown,
		RunE:          func(cmd *cobra.Command, _ []string) error { return showHelp(cmd) },
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetFlagErrorFunc(flagError)
	root.SetHelpTemplate(helpTemplate)
	root.SetHelpCommand(&cobra.Command{Hidden: true, Use: "no-help"})
	root.CompletionOptions.HiddenDefaultCmd = true
	root.AddCommand(newMap(), newDemo(), newDoctor(), newVersion())
	return root
}

// helpTemplate has the examples first.
const helpTemplate = `{{.Short}}

Examples:
{{.Example}}

Usage:
{{if .Long}}{{.Long}}
{{else}}  {{.UseLine}}
{{end}}{{if .HasAvailableSubCommands}}
Commands:
{{range .Commands}}{{if .IsAvailableCommand}}  {{rpad .Name .NamePadding}} {{.Short}}
{{end}}{{end}}
tandem COMMAND --help tells more.
{{end}}{{if .HasAvailableLocalFlags}}
Flags:
{{.LocalFlags.FlagUsages | trimTrailingWhitespaces}}
{{end}}`

// showHelp is what tandem does when it was not told what to do.
func showHelp(cmd *cobra.Command) error {
	cmd.SetOut(os.Stderr)
	if err := cmd.Help(); err != nil {
		return exitf(statusOwn, "help: %w", err)
	}
	return &exit{status: statusUsage}
}

// refuseUnknown refuses a verb that there is not.
func refuseUnknown(root *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	var verbs []string
	for _, c := range root.Commands() {
		if c.IsAvailableCommand() {
			verbs = append(verbs, c.Name())
		}
	}
	if verb := arguments.Closest(args[0], verbs); verb != "" {
		return exitf(statusUsage, "there is no command %q: did you mean tandem %s?", args[0], verb)
	}
	return exitf(statusUsage, "there is no command %q: want one of %s", args[0], strings.Join(verbs, ", "))
}

// flagName finds the flags in their usage text.
var flagName = regexp.MustCompile(`(?m)^[^-]*(?:-\w, )?--([a-z-]+)`)

// flagError explains a flag that cannot be read.
func flagError(cmd *cobra.Command, err error) error {
	text := err.Error()
	if name, ok := strings.CutPrefix(text, "unknown flag: --"); ok {
		var names []string
		for _, match := range flagName.FindAllStringSubmatch(cmd.Flags().FlagUsages(), -1) {
			names = append(names, match[1])
		}
		if meant := arguments.Closest(name, names); meant != "" {
			return exitf(statusUsage, "there is no flag --%s: did you mean --%s?", name, meant)
		}
	}
	return exitf(statusUsage, "%s (%s --help lists the flags)", text, cmd.CommandPath())
}

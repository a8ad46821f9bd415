package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/gotandem/tandem/cmd/tandem/internal/arguments"
	"github.com/gotandem/tandem/cmd/tandem/internal/console"
	"github.com/gotandem/tandem/internal/closest"
)

const (
	statusFailed   = 1   // some calls failed
	statusUsage    = 2   // the command line is wrong, or the task cannot be loaded
	statusOwn      = 125 // tandem failed
	statusNotRun   = 126 // the command cannot be run
	statusNotFound = 127 // there is no such command
	statusClosed   = 141 // nobody reads the output any more
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
	if len(args) > 0 && (args[0] == cobra.ShellCompRequestCmd || args[0] == cobra.ShellCompNoDescRequestCmd) {
		completeFlags(root)
	}
	root.SetArgs(args)
	cmd, err := root.ExecuteC()
	if err == nil {
		return 0
	}
	status := statusOn(err)
	if hasText(err) {
		newConsole(cmd).Failure("tandem: " + console.Printable(err.Error()) + "\n")
	}
	return status
}

// hasText reports whether there is something to say about an error.
func hasText(err error) bool {
	e, ok := errors.AsType[*exit](err)
	return err != nil && (!ok || e.cause != nil)
}

// statusOn returns the exit status for an error. Errors that come from reading
// the command line have none of their own.
func statusOn(err error) int {
	if e, ok := errors.AsType[*exit](err); ok {
		return e.status
	}
	return statusUsage
}

// newConsole returns the console on standard error, coloured as the flags of cmd
// and the environment say.
func newConsole(cmd *cobra.Command) *console.Console {
	fd := int(os.Stderr.Fd())
	terminal := term.IsTerminal(fd)
	paint := console.Paint(console.Colored(colorOf(cmd), os.Getenv, terminal))
	if !terminal || os.Getenv("TERM") == "dumb" {
		return console.NewPainted(os.Stderr, nil, paint)
	}
	return console.NewPainted(os.Stderr, func() int {
		width, _, err := term.GetSize(fd)
		if err != nil {
			return 0
		}
		return width
	}, paint)
}

// colorOf returns what --color says.
func colorOf(cmd *cobra.Command) console.Color {
	if flag := cmd.Flag("color"); flag != nil {
		return console.Color(flag.Value.String())
	}
	return console.ColorAuto
}

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "tandem",
		Short: "run one task over many inputs, on threads, processes or both",
		Example: `  tandem map examples/primes.py:count ::: 100000 200000 300000
  tandem map -p 1 -t 32 examples/titles/titles.py:title < urls
  tandem map -- gzip -k {} ::: *.log
  tandem demo`,
		Long:              "  tandem COMMAND [flags]",
		Args:              refuseUnknown,
		RunE:              runRoot,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error { return applySettings(cmd, os.LookupEnv) },
		SilenceErrors:     true,
		SilenceUsage:      true,
	}
	color := console.ColorAuto
	root.PersistentFlags().Var(&color, "color", "whether messages are coloured (never what goes to standard output)")
	root.SetFlagErrorFunc(flagError)
	root.SetHelpFunc(func(cmd *cobra.Command, _ []string) { writeHelp(cmd) })
	root.SetHelpCommand(newHelp())
	root.CompletionOptions.DisableDefaultCmd = true
	root.Flags().Bool("version", false, "print the version")
	root.AddCommand(newMap(), newDemo(), newDoctor(), newVersion(), newCompletion(), newMan())
	for _, cmd := range append(root.Commands(), root) {
		finish(cmd)
	}
	return root
}

// finish gives a command what all have, once its flags are defined.
func finish(cmd *cobra.Command) {
	cmd.Flags().SortFlags = false
	cmd.InitDefaultHelpFlag()
	cmd.Flags().Lookup("help").Usage = "show this"
	if cmd.Name() == "map" {
		cmd.Args = needTask
	}
}

// needTask shows how to begin when nothing was said at all.
func needTask(cmd *cobra.Command, args []string) error {
	if len(args) > 0 || cmd.ArgsLenAtDash() >= 0 {
		return nil
	}
	return exitf(statusUsage, "no task: write tandem map FILE.py:FUNCTION, or tandem map -- COMMAND\n\nExamples:\n%s\n\ntandem map --help tells more", cmd.Example)
}

// runRoot is what tandem does without a command. The version is not printed by cobra,
// whose templates would keep every method of the program that has a name in it, used
// or not.
func runRoot(cmd *cobra.Command, _ []string) error {
	if asked, _ := cmd.Flags().GetBool("version"); asked {
		_, err := fmt.Fprintf(cmd.OutOrStdout(), "tandem %s\n", version())
		return own(err)
	}
	return showHelp(cmd)
}

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
	verbs := verbNames(root)
	switch verb := closest.To(args[0], verbs); {
	case verb != "":
		return exitf(statusUsage, "there is no command %q: did you mean tandem %s?", args[0], verb)
	case strings.Contains(args[0], ":") || strings.HasSuffix(args[0], ".py"):
		return exitf(statusUsage, "there is no command %q: to run a Python function over inputs, write tandem map %s", args[0], args[0])
	}
	return exitf(statusUsage, "there is no command %q: want one of %s; to run a program over inputs, write %s",
		args[0], strings.Join(verbs, ", "), arguments.MapCommand(args[:1]))
}

// verbNames returns the verbs that help lists.
func verbNames(root *cobra.Command) []string {
	var verbs []string
	for _, c := range root.Commands() {
		if c.IsAvailableCommand() || c.Name() == "help" {
			verbs = append(verbs, c.Name())
		}
	}
	return verbs
}

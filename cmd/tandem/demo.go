package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/gotandem/tandem/cmd/tandem/internal/demo"
	"github.com/gotandem/tandem/cmd/tandem/internal/stopping"
)

func newDemo() *cobra.Command {
	var asJSON bool
	var interpreter string
	cmd := &cobra.Command{
		Use:     "demo",
		Short:   "measure waiting, computing and mixed work on threads and processes, on this machine",
		Example: "  tandem demo\n  tandem demo --json > demo.json",
		Args:    noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runDemo(cmd, interpreter, asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "write one JSON object")
	cmd.Flags().StringVar(&interpreter, "python", "", "the Python interpreter is `PATH` (default: of VIRTUAL_ENV, python3)")
	return cmd
}

// runDemo measures and prints. A signal ends it and leaves nothing behind.
func runDemo(cmd *cobra.Command, asked string, asJSON bool) error {
	out := cmd.OutOrStdout()
	c := newConsole(cmd)
	interrupted, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	ctx, stop := signal.NotifyContext(interrupted, syscall.SIGTERM)
	defer stop()
	if !c.Terminal() {
		c.Print("tandem: measuring, up to 30 s\n")
	}
	path, missing := interpreter(asked, "")
	report, err := demo.Measure(ctx, demo.Config{
		Interpreter: path,
		NoPython:    missing,
		Progress:    func(text string) { c.Show("tandem: " + text) },
	})
	c.Erase()
	switch {
	case interrupted.Err() != nil:
		return &exit{status: stopping.Status(stopping.Interrupt)}
	case ctx.Err() != nil:
		return &exit{status: stopping.Status(stopping.Terminate)}
	case err != nil:
		return own(err)
	case asJSON:
		return own(writeJSON(out, report.Document()))
	}
	_, err = io.WriteString(out, report.Text())
	return own(err)
}

// writeJSON writes one value, indented.
func writeJSON(out io.Writer, value any) error {
	text, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "%s\n", text)
	return err
}

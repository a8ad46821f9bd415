package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

func newVersion() *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "print the version",
		Example: "  tandem version",
		Args:    noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "tandem %s %s %s/%s\n", version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
			return own(err)
		},
	}
}

// version returns the version that the go command wrote into the binary, with
// the commit of a checkout.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "(unknown)"
	}
	for _, setting := range info.Settings {
		if setting.Key == "vcs.revision" && info.Main.Version == "(devel)" {
			return setting.Value[:min(12, len(setting.Value))]
		}
	}
	return info.Main.Version
}

// noArguments refuses arguments of a verb that has none.
func noArguments(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return exitf(statusUsage, "%s takes no arguments, and %q is one", cmd.CommandPath(), args[0])
	}
	return nil
}

// own marks an error as our own failure.
func own(err error) error {
	if err == nil {
		return nil
	}
	return &exit{statusOwn, err}
}

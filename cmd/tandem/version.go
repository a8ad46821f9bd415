package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"
)

// build is what "tandem version" tells.
type build struct {
	Schema  int    `json:"schema"` // of this object: 1
	Version string `json:"version"`
	Go      string `json:"go"`
	System  string `json:"system"` // GOOS/GOARCH
}

func newVersion() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "version",
		Short:   "print the version",
		Example: "  tandem version\n  tandem version --json",
		Args:    noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if asJSON {
				return own(writeJSON(cmd.OutOrStdout(), build{
					Schema: 1, Version: version(), Go: strings.TrimPrefix(runtime.Version(), "go"), System: runtime.GOOS + "/" + runtime.GOARCH,
				}))
			}
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "tandem %s %s %s/%s\n", version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
			return own(err)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "write one JSON object")
	return cmd
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

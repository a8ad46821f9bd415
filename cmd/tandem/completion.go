package main

import (
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/gotandem/tandem/internal/closest"
)

// shells are those that completion is made for.
var shells = []string{"bash", "zsh", "fish", "powershell"}

func newCompletion() *cobra.Command {
	return &cobra.Command{
		Use:   "completion bash|zsh|fish|powershell",
		Short: "write what makes a shell complete flags, their values and the functions of a file",
		Example: `  source <(tandem completion bash)
  tandem completion bash > /etc/bash_completion.d/tandem
  tandem completion zsh > "${fpath[1]}/_tandem"
  tandem completion fish > ~/.config/fish/completions/tandem.fish
  tandem completion powershell | Out-String | Invoke-Expression`,
		Long: "  tandem completion bash|zsh|fish|powershell\n\n" +
			"In bash it needs the functions of the package bash-completion, which most\nsystems have.",
		ValidArgs: shells,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return exitf(statusUsage, "tandem completion takes the name of a shell: want %s", strings.Join(shells, ", "))
			}
			return writeCompletion(cmd.Root(), cmd.OutOrStdout(), args[0])
		},
	}
}

func writeCompletion(root *cobra.Command, out io.Writer, shell string) error {
	switch shell {
	case "bash":
		return own(root.GenBashCompletionV2(out, true))
	case "zsh":
		return own(root.GenZshCompletion(out))
	case "fish":
		return own(root.GenFishCompletion(out, true))
	case "powershell":
		return own(root.GenPowerShellCompletionWithDesc(out))
	}
	if meant := closest.To(shell, shells); meant != "" {
		return exitf(statusUsage, "there is no completion for %q: did you mean %s?", shell, meant)
	}
	return exitf(statusUsage, "there is no completion for %q: want %s", shell, strings.Join(shells, ", "))
}

// taskFlags take a Python function as map does.
var taskFlags = []string{"initializer", "preload"}

// completeFlags completes what a shell asks for: the values of flags that have few,
// and tasks.
func completeFlags(root *cobra.Command) {
	for _, cmd := range append(root.Commands(), root) {
		cmd.Flags().VisitAll(func(f *pflag.Flag) { completeFlag(cmd, f) })
		if cmd.ValidArgsFunction == nil && (cmd.Name() == "map" || cmd.Name() == "doctor") {
			cmd.ValidArgsFunction = completeTask
		}
	}
}

func completeFlag(cmd *cobra.Command, f *pflag.Flag) {
	var complete cobra.CompletionFunc
	switch choices := choicesOf(f); {
	case slices.Contains(taskFlags, f.Name):
		complete = completeTask
	case len(choices) > 0 && f.Value.Type() != "bool":
		complete = cobra.FixedCompletions(choices, cobra.ShellCompDirectiveNoFileComp)
	default:
		return
	}
	// It fails for a flag that has a completion already, which then stays.
	_ = cmd.RegisterFlagCompletionFunc(f.Name, complete)
}

// completeTask completes the first argument as FILE.py:FUNCTION. What follows is
// for the shell: files.
func completeTask(_ *cobra.Command, args []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveDefault
	}
	file, prefix, found := strings.Cut(typed, ".py:")
	if !found {
		files := pythonFiles(typed)
		if len(files) == 0 {
			return nil, cobra.ShellCompDirectiveDefault // the program of a command
		}
		return files, cobra.ShellCompDirectiveNoSpace | cobra.ShellCompDirectiveNoFileComp
	}
	file += ".py"
	var tasks []cobra.Completion
	for _, name := range functionsOf(file) {
		if strings.HasPrefix(name, prefix) && (prefix != "" || name[0] != '_') {
			tasks = append(tasks, file+":"+name)
		}
	}
	return tasks, cobra.ShellCompDirectiveNoFileComp
}

// pythonFiles returns the folders and the Python files that typed begins.
func pythonFiles(typed string) []cobra.Completion {
	dir, start := filepath.Split(typed)
	entries, err := os.ReadDir(filepath.Join(".", dir))
	if filepath.IsAbs(dir) {
		entries, err = os.ReadDir(dir)
	}
	if err != nil {
		return nil
	}
	var names []cobra.Completion
	for _, e := range entries {
		hidden := strings.HasPrefix(e.Name(), ".") && !strings.HasPrefix(start, ".")
		switch {
		case hidden || !strings.HasPrefix(e.Name(), start):
		case e.IsDir():
			names = append(names, dir+e.Name()+"/")
		case strings.HasSuffix(e.Name(), ".py"):
			names = append(names, dir+e.Name()+":")
		}
	}
	return names
}

// definition finds the functions of a module. One that an import brings, or a
// statement makes, is not found: nothing is executed.
var definition = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?m)^(?:async[ \t]+)?def[ \t]+([\pL_][\pL\pN_]*)[ \t]*\(`)
})

// readMost bounds how much of a file is looked at. More makes a key press slow.
const readMost = 1 << 20

// functionsOf returns the functions that a Python file defines, in its order.
func functionsOf(name string) []string {
	file, err := os.Open(name)
	if err != nil {
		return nil
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, readMost))
	if err != nil {
		return nil
	}
	var names []string
	for _, match := range definition().FindAllSubmatch(text, -1) {
		if name := string(match[1]); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

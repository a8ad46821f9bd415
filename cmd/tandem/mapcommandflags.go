package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gotandem/tandem/cmd/tandem/internal/arguments"
	"github.com/gotandem/tandem/cmd/tandem/internal/inputs"
	"github.com/gotandem/tandem/cmd/tandem/internal/quantity"
	"github.com/gotandem/tandem/command"
	"github.com/gotandem/tandem/internal/osproc"
)

// commandFlags are the flags that say how commands run. Those of commandsOnly are
// not for Python functions.
type commandFlags struct {
	temp  string // folder for outputs that are too large for memory
	shell bool
	pipe  bool
	block quantity.Size
	nice  int
	env   []string
	cwd   string
}

const (
	// defaultBlock is the size of blocks when --block does not say.
	defaultBlock = quantity.Size(1 << 20)

	// largestBlock is the size above which blocks are refused: several are held
	// at once.
	largestBlock = quantity.Size(1 << 30)
)

// commandsOnly are the flags that Python functions do not have, with what to do
// instead.
var commandsOnly = []struct{ name, instead string }{
	{"shell", "write tandem map --shell -- 'COMMAND LINE'"},
	{"pipe", "let the function read the file"},
	{"block", "let the function read the file"},
}

// define declares the flags.
func (f *commandFlags) define(cmd *cobra.Command) {
	f.block = defaultBlock
	flags := cmd.Flags()
	flags.BoolVar(&f.shell, "shell", false, "the command is a line for /bin/sh; inputs are quoted for the place where they stand")
	flags.BoolVar(&f.pipe, "pipe", false, "cut standard input into blocks of lines, each the standard input of one command")
	flags.Var(&f.block, "block", "how large the blocks of --pipe are")
	flags.IntVar(&f.nice, "nice", 0, fmt.Sprintf("give commands or Python processes `N` more niceness: 0 to %d", osproc.MostNice))
	flags.StringArrayVar(&f.env, "env", nil, "add `KEY=VALUE` to the environment of commands or Python processes; may be given again")
	flags.StringVar(&f.cwd, "cwd", "", "run commands or Python processes in `DIR`")
}

// check refuses values that make no sense, and flags that do not apply.
func (f *commandFlags) check(cmd *cobra.Command, line arguments.Line, in *inputFlags) error {
	changed := cmd.Flags().Changed
	if line.Command == nil {
		for _, flag := range commandsOnly {
			if changed(flag.name) {
				return exitf(statusUsage, "--%s is for commands, and %s is a Python function: %s", flag.name, line.Task, flag.instead)
			}
		}
	}
	switch {
	case changed("nice") && (f.nice < 0 || f.nice > osproc.MostNice):
		return exitf(statusUsage, "--nice is %d: want 0 to %d", f.nice, osproc.MostNice)
	case changed("block") && !f.pipe:
		return exitf(statusUsage, "--block is the size of the blocks of --pipe: add --pipe")
	case f.block > largestBlock:
		return exitf(statusUsage, "--block is %s: want at most %s", &f.block, quantity.FormatSize(int64(largestBlock)))
	}
	for _, entry := range f.env {
		if key, _, found := strings.Cut(entry, "="); !found || key == "" {
			return exitf(statusUsage, "--env %q: want KEY=VALUE; what the environment of tandem has, commands have too", entry[:min(len(key), 40)])
		}
	}
	if err := f.checkFolders(changed("cwd"), line.Command != nil); err != nil {
		return err
	}
	return f.checkPipe(cmd, line, in)
}

// checkFolders refuses folders that are none: that of --cwd, if it was given, and
// that for the outputs of commands, which it notes.
func (f *commandFlags) checkFolders(cwd, outputs bool) error {
	if cwd && !isFolder(f.cwd) {
		return exitf(statusUsage, "--cwd %q: want a folder that exists", f.cwd)
	}
	var err error
	if f.temp, err = tempDir(os.LookupEnv); err != nil {
		return err
	}
	if outputs && !isFolder(f.temp) {
		return exitf(statusUsage, "TMPDIR is %q: want a folder, for outputs that are too large for memory", f.temp)
	}
	return nil
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// checkPipe refuses inputs that --pipe cannot cut.
func (f *commandFlags) checkPipe(cmd *cobra.Command, line arguments.Line, in *inputFlags) error {
	if !f.pipe {
		return nil
	}
	files, other := in.kinds(line)
	switch {
	case len(other) > 0:
		return exitf(statusUsage, "--pipe cuts standard input or a file, and %s gives inputs: leave out one of them", other[0])
	case len(files) > 1:
		return exitf(statusUsage, "--pipe cuts one file, and %d are given: use cat FILE... | tandem map --pipe", len(files))
	case cmd.Flags().Changed("as"):
		return exitf(statusUsage, "--as does not go with --pipe, whose blocks are bytes: leave out --as")
	}
	return nil
}

// source returns where the inputs of commands come from. The caller reads it once.
func (f *commandFlags) source(line arguments.Line, in *inputFlags) inputs.Source {
	if !f.pipe {
		return in.source(line)
	}
	path := standardInput
	if files, _ := in.kinds(line); len(files) > 0 {
		path = files[0]
	}
	origin := inputs.FromFile(path)
	if path == standardInput {
		origin = inputs.FromReader("standard input", os.Stdin)
	}
	end := byte('\n')
	if in.null {
		end = 0
	}
	return inputs.NewBlocks(origin, int(f.block), end)
}

// parser returns what reads the placeholders of a command.
func (f *commandFlags) parser(line arguments.Line, in *inputFlags) command.Parser {
	parser := command.Parser{AnyName: in.as == inputs.JSON, NumbersOnly: f.pipe}
	if in.as != inputs.CSV {
		parser.Fields = in.number(line)
	}
	return parser
}

// template reads a command. With --shell its words are joined to a line.
func (f *commandFlags) template(words []string, parser command.Parser) (command.Template, error) {
	if !f.shell {
		return parser.Args(words)
	}
	template, err := parser.Shell(strings.Join(words, " "))
	if err != nil {
		return template, fmt.Errorf("--shell: %s", strings.TrimPrefix(err.Error(), "shell line: "))
	}
	return template, nil
}

// config returns how commands run, but for where their outputs go.
func (f *commandFlags) config(processes int, memory quantity.Size) command.Config {
	return command.Config{
		Processes:     processes,
		Env:           f.env,
		Dir:           f.cwd,
		Memory:        int64(memory),
		Nice:          f.nice,
		MaxOutput:     command.NoLimit,
		ExportNumbers: true,
	}
}

// place returns where a program is that is named by a path, which starts at the
// folder of --cwd.
func (f *commandFlags) place(program string) string {
	if f.cwd == "" || filepath.IsAbs(program) || !strings.Contains(program, "/") {
		return program
	}
	return strings.TrimSuffix(f.cwd, "/") + "/" + program // not cleaned: "./x" is to stay a path
}

// searchPath returns the PATH that --env sets, and whether it does.
func (f *commandFlags) searchPath() (list string, set bool) {
	for _, entry := range f.env {
		if value, found := strings.CutPrefix(entry, "PATH="); found {
			list, set = value, true
		}
	}
	return list, set
}

// fixed returns a name of Python code, FILE.py or FILE.py:FUNCTION, so that it
// means the same in the folder of --cwd. Names of modules stay.
func (f *commandFlags) fixed(name string) (string, error) {
	file := name
	if colon := strings.LastIndexByte(name, ':'); colon >= 0 {
		file = name[:colon]
	}
	isFile := strings.HasSuffix(file, ".py") || strings.Contains(file, "/")
	if f.cwd == "" || !isFile || filepath.IsAbs(file) {
		return name, nil
	}
	here, err := os.Getwd()
	if err != nil {
		return "", exitf(statusOwn, "%w", err)
	}
	return filepath.Join(here, name), nil
}

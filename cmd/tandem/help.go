package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/term"

	"github.com/gotandem/tandem/cmd/tandem/internal/console"
)

// The groups that flags stand in, in this order. Flags without a group come
// before the last one.
const (
	inputHeading   = "Inputs"
	commandHeading = "Commands"
	outputHeading  = "Output"
	controlHeading = "Control"
	recordHeading  = "Record and resume"
	viewHeading    = "Seeing it"
	pythonHeading  = "Python"
	otherHeading   = "Flags"
	everywhere     = "Everywhere"
)

var flagGroups = []string{
	inputHeading, commandHeading, outputHeading, controlHeading, recordHeading, viewHeading, pythonHeading, otherHeading, everywhere,
}

// grouped returns the visible flags of cmd by heading, in the order in which they
// were defined.
func grouped(cmd *cobra.Command) map[string][]*pflag.Flag {
	groups := make(map[string][]*pflag.Flag)
	shared := cmd.InheritedFlags() // merges them into cmd.Flags too
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		heading := otherHeading
		switch {
		case f.Name == "help" || f.Name == "version" || shared.Lookup(f.Name) != nil || cmd.PersistentFlags().Lookup(f.Name) != nil:
			heading = everywhere
		case cmd.Name() == "map":
			heading = headingOf(f.Name)
		}
		if !f.Hidden {
			groups[heading] = append(groups[heading], f)
		}
	})
	return groups
}

// writeHelp writes the help of a command. Errors of the output are dropped, as
// there is nothing else to do.
func writeHelp(cmd *cobra.Command) {
	_, _ = fmt.Fprint(cmd.OutOrStdout(), helpText(cmd, helpWidth()))
}

const (
	usualWidth = 80
	mostWidth  = 100 // longer lines are hard to read
)

// helpWidth returns how wide help is written.
func helpWidth() int {
	if width, _, err := term.GetSize(int(os.Stdout.Fd())); err == nil && width > 0 {
		return max(usualWidth/2, min(width, mostWidth))
	}
	return usualWidth
}

// helpText is the help of a command, examples first.
func helpText(cmd *cobra.Command, width int) string {
	var b strings.Builder
	b.WriteString(flow(cmd.CommandPath()+": "+cmd.Short, width) + "\n")
	if cmd.Example != "" {
		b.WriteString("\nExamples:\n" + cmd.Example + "\n")
	}
	b.WriteString("\nUsage:\n" + usageOf(cmd, width) + "\n")
	if cmd.HasAvailableSubCommands() {
		b.WriteString("\nCommands:\n" + verbList(cmd, width))
		b.WriteString("\nTopics, for tandem help TOPIC:\n" + topicList(width))
	}
	groups := grouped(cmd)
	for _, heading := range flagGroups {
		if flags := groups[heading]; len(flags) > 0 {
			b.WriteString("\n" + heading + ":\n")
			for _, f := range flags {
				b.WriteString(entry(flagHead(f), flagText(f), width))
			}
		}
	}
	if cmd.HasAvailableSubCommands() {
		b.WriteString("\ntandem COMMAND --help tells more about a command.\n")
	}
	return b.String()
}

// usageOf is how a command is called, and what belongs to that.
func usageOf(cmd *cobra.Command, width int) string {
	if cmd.Long != "" {
		return flow(cmd.Long, width)
	}
	return "  " + cmd.UseLine()
}

func verbList(cmd *cobra.Command, width int) string {
	var b strings.Builder
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() {
			b.WriteString(entry(c.Name(), c.Short, width))
		}
	}
	return b.String()
}

// flagHead is a flag as it is written, with the name of its value.
func flagHead(f *pflag.Flag) string {
	name, _ := pflag.UnquoteUsage(f)
	head := "    --" + f.Name
	if f.Shorthand != "" {
		head = "-" + f.Shorthand + ", --" + f.Name
	}
	switch {
	case name != "" && f.NoOptDefVal != "":
		head += "[=" + name + "]"
	case name != "":
		head += " " + name
	}
	return head
}

// flagText is what a flag does, its default and the variable that sets it.
func flagText(f *pflag.Flag) string {
	_, text := pflag.UnquoteUsage(f)
	if !slices.Contains([]string{"", "0", "false", "[]"}, f.DefValue) {
		text += " (default " + f.DefValue + ")"
	}
	for _, s := range settings {
		if s.flag == f.Name {
			text += " [" + s.variable + "]"
		}
	}
	return text
}

// textColumn is where the text of an entry begins.
const textColumn = 26

// entry is a name with a text beside it, or below where the name is long.
func entry(head, text string, width int) string {
	lines := console.Wrap(text, max(20, width-textColumn))
	indent := strings.Repeat(" ", textColumn)
	first := "  " + head
	if n := utf8.RuneCountInString(first); n <= textColumn-2 && len(lines) > 0 {
		first += strings.Repeat(" ", textColumn-n) + lines[0]
		lines = lines[1:]
	}
	for _, line := range lines {
		first += "\n" + indent + line
	}
	return first + "\n"
}

// flow breaks the paragraphs of text into lines of at most width characters. Lines
// that are indented stay as they are.
func flow(text string, width int) string {
	var lines, paragraph []string
	end := func() {
		lines = append(lines, console.Wrap(strings.Join(paragraph, " "), width)...)
		paragraph = nil
	}
	for line := range strings.SplitSeq(text, "\n") {
		switch {
		case line == "" || line[0] == ' ':
			end()
			lines = append(lines, line)
		default:
			paragraph = append(paragraph, line)
		}
	}
	end()
	return strings.Join(lines, "\n")
}

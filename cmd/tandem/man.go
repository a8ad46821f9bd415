package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
)

// The pages are written here rather than by the package doc of cobra: that brings
// three more modules into the program, has no groups of flags, and knows nothing
// of topics.

func newMan() *cobra.Command {
	return &cobra.Command{
		Use:     "man DIR",
		Short:   "write the manual pages into a folder",
		Example: "  tandem man ~/.local/share/man/man1\n  tandem man . && man -l ./tandem-map.1",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return exitf(statusUsage, "tandem man takes one folder to write the pages into, and got %d", len(args))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			for name, text := range manPages(cmd.Root()) {
				if err := os.WriteFile(filepath.Join(args[0], name), []byte(text), 0o644); err != nil {
					return own(err)
				}
			}
			return nil
		},
	}
}

// manPages returns the manual pages by the names of their files: of tandem, of
// each command and of each topic.
func manPages(root *cobra.Command) map[string]string {
	pages := map[string]string{"tandem.1": commandPage(root)}
	for _, cmd := range root.Commands() {
		if cmd.IsAvailableCommand() {
			pages["tandem-"+cmd.Name()+".1"] = commandPage(cmd)
		}
	}
	for _, t := range topics {
		pages["tandem-"+t.name+".1"] = manHead("tandem-"+t.name, t.short) +
			".SH DESCRIPTION\n" + verbatim(strings.Trim(t.text(usualWidth-manIndent), "\n"))
	}
	return pages
}

// manIndent is how far man indents text.
const manIndent = 7

func manHead(name, short string) string {
	return fmt.Sprintf(".TH %s 1 \"\" \"tandem %s\" \"tandem\"\n.SH NAME\n%s \\- %s\n", strings.ToUpper(name), roff(version()), roff(name), roff(short))
}

// commandPage is the page of one command, examples first.
func commandPage(cmd *cobra.Command) string {
	var b strings.Builder
	b.WriteString(manHead(strings.ReplaceAll(cmd.CommandPath(), " ", "-"), cmd.Short))
	b.WriteString(".SH EXAMPLES\n" + verbatim(cmd.Example))
	b.WriteString(".SH SYNOPSIS\n" + verbatim(usageOf(cmd, usualWidth-manIndent)))
	if cmd.HasAvailableSubCommands() {
		b.WriteString(".SH COMMANDS\n")
		for _, c := range cmd.Commands() {
			if c.IsAvailableCommand() {
				b.WriteString(tagged(c.Name(), c.Short))
			}
		}
		b.WriteString(".SH TOPICS\n")
		for _, t := range topics {
			b.WriteString(tagged(t.name, t.short))
		}
	}
	b.WriteString(".SH OPTIONS\n")
	groups := grouped(cmd)
	for _, heading := range flagGroups {
		if len(groups[heading]) > 0 {
			b.WriteString(".SS " + heading + "\n")
		}
		for _, f := range groups[heading] {
			b.WriteString(tagged(strings.TrimSpace(flagHead(f)), flagText(f)))
		}
	}
	return b.String()
}

// tagged is a term with its description.
func tagged(term, text string) string { return ".TP\n.B " + roff(term) + "\n" + roff(text) + "\n" }

// verbatim keeps lines as they are.
func verbatim(text string) string {
	var b strings.Builder
	b.WriteString(".nf\n")
	for line := range strings.SplitSeq(text, "\n") {
		b.WriteString(roff(line) + "\n")
	}
	return b.String() + ".fi\n"
}

// roff escapes text: backslashes, dashes that are typed, quotes that are no
// typographic ones, and lines that would be requests.
func roff(text string) string {
	text = strings.NewReplacer(`\`, `\e`, "-", `\-`, "'", `\(aq`, "`", `\(ga`, "^", `\(ha`, "~", `\(ti`, `"`, `\(dq`).Replace(text)
	if strings.HasPrefix(text, ".") {
		text = `\&` + text
	}
	return text
}

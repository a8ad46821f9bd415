package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/gotandem/tandem/bench/internal/trial"
)

// The lines between which docs/benchmarks.md keeps the last published run.
const (
	beginMarker = "<!-- bench:begin -->"
	endMarker   = "<!-- bench:end -->"
)

// Markdown writes a whole run between markers.
func Markdown(w io.Writer, run *Run) error {
	var b strings.Builder
	b.WriteString(beginMarker + "\n\n")
	for _, fact := range run.Facts {
		fmt.Fprintf(&b, "* %s: %s\n", fact.Name, fact.Value)
	}
	for i := range run.Results {
		b.WriteByte('\n')
		writeMarkdown(&b, &run.Results[i])
	}
	b.WriteString("\n" + endMarker + "\n")
	_, err := io.WriteString(w, b.String())
	return err
}

func writeMarkdown(b *strings.Builder, r *trial.Result) {
	fmt.Fprintf(b, "### Row %d: %s\n\n", r.Trial.Row, r.Trial.Title)
	table := cells(r)
	width := 0
	for _, cells := range table {
		width = max(width, len(cells))
	}
	for i, cells := range table {
		writeRow(b, cells, width)
		if i == 0 {
			b.WriteString("|---|" + strings.Repeat("---:|", width-1) + "\n")
		}
	}
	b.WriteByte('\n')
	for _, goal := range judgements(r) {
		fmt.Fprintf(b, "* %s\n", strings.ToUpper(goal[:1])+goal[1:])
	}
	for _, note := range r.Trial.Notes {
		fmt.Fprintf(b, "* Note: %s\n", note)
	}
}

func writeRow(b *strings.Builder, cells []string, width int) {
	b.WriteByte('|')
	for i := range width {
		cell := ""
		if i < len(cells) {
			cell = strings.ReplaceAll(cells[i], "|", `\|`)
		}
		b.WriteString(" " + cell + " |")
	}
	b.WriteByte('\n')
}

package demo

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/gotandem/tandem/cmd/tandem/internal/console"
)

// Report is all that was measured.
type Report struct {
	Cores     int
	Go        string
	Python    string // version; empty without Python
	NoPython  string // why there is none; empty with Python
	Threads   int    // of the modes with threads
	Processes int    // of the modes with processes
	Rows      []Row
}

// Workloads are the kinds of work, in the order of the rows.
var Workloads = []string{"waiting", "computing", "mixed"}

// rowsOf returns the rows of a workload.
func (r *Report) rowsOf(workload string) []Row {
	var rows []Row
	for _, row := range r.Rows {
		if row.Workload == workload {
			rows = append(rows, row)
		}
	}
	return rows
}

// Verdicts returns one sentence for each workload.
func (r *Report) Verdicts() []string {
	var verdicts []string
	for _, workload := range Workloads {
		if rows := r.rowsOf(workload); len(rows) > 0 {
			verdicts = append(verdicts, Verdict(rows))
		}
	}
	return verdicts
}

// Text returns the report as people read it.
func (r *Report) Text() string {
	var b strings.Builder
	machine := fmt.Sprintf("%d %s, %s", r.Cores, plural(r.Cores, "core"), r.Go)
	if r.Python != "" {
		machine += ", " + r.Python
	}
	writeWrapped(&b, machine+".")
	writeWrapped(&b, "Seconds, and how many times as fast as a plain loop.")
	if r.NoPython != "" {
		writeWrapped(&b, "No Python rows: "+r.NoPython)
	}
	b.WriteString("\n")
	writeTable(&b, r.cells())
	b.WriteString("\n")
	for _, verdict := range r.Verdicts() {
		writeWrapped(&b, verdict)
	}
	return b.String()
}

// width is how wide the report is at most, as far as words allow it.
const width = 80

// writeWrapped writes a text as a line, and what does not fit as further ones that
// are indented.
func writeWrapped(b *strings.Builder, text string) {
	const indent = "  "
	b.WriteString(strings.Join(console.Wrap(text, width-len(indent)), "\n"+indent) + "\n")
}

func plural(n int, noun string) string {
	if n == 1 {
		return noun
	}
	return noun + "s"
}

// cells returns the table, heading first.
func (r *Report) cells() [][]string {
	cells := [][]string{{
		"work", "in", "sequential", fmt.Sprintf("%d threads", r.Threads),
		fmt.Sprintf("%d %s", r.Processes, pluralProcess(r.Processes)), fmt.Sprintf("%d × %d", r.Processes, r.Threads),
	}}
	for _, row := range r.Rows {
		line := []string{row.Workload, row.Language, fmt.Sprintf("%.2f s", row.Seconds[Sequential])}
		for m := Threads; m < modes; m++ {
			line = append(line, fmt.Sprintf("%.2f s %6s", row.Seconds[m], times(row.SpeedUp(m))))
		}
		cells = append(cells, line)
	}
	return cells
}

func pluralProcess(n int) string {
	if n == 1 {
		return "process"
	}
	return "processes"
}

// writeTable writes cells in columns: the first two to the left, numbers to the
// right.
func writeTable(b *strings.Builder, cells [][]string) {
	widths := make([]int, len(cells[0]))
	for _, line := range cells {
		for i, cell := range line {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	for _, line := range cells {
		for i, cell := range line {
			space := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			switch {
			case i < 2:
				b.WriteString(cell + space + "  ")
			case i < len(line)-1:
				b.WriteString(space + cell + "   ")
			default:
				b.WriteString(space + cell + "\n")
			}
		}
	}
}

// Document is the report as programs read it.
type Document struct {
	Schema    int           `json:"schema"` // of this object: 1
	Cores     int           `json:"cores"`
	Go        string        `json:"go"`
	Python    string        `json:"python,omitempty"`
	NoPython  string        `json:"no_python,omitempty"`
	Threads   int           `json:"threads"`
	Processes int           `json:"processes"`
	Rows      []DocumentRow `json:"rows"`
	Verdicts  []string      `json:"verdicts"`
}

// DocumentRow is one row of a Document. The maps have the modes as keys.
type DocumentRow struct {
	Workload string             `json:"workload"`
	Language string             `json:"language"`
	Calls    int                `json:"calls"`
	Seconds  map[string]float64 `json:"seconds"`
	SpeedUp  map[string]float64 `json:"speed_up"`
	Choice   string             `json:"choice"`
}

// Document returns the report as programs read it.
func (r *Report) Document() Document {
	d := Document{
		Schema: 1, Cores: r.Cores, Go: r.Go, Python: r.Python, NoPython: r.NoPython,
		Threads: r.Threads, Processes: r.Processes, Rows: []DocumentRow{}, Verdicts: r.Verdicts(),
	}
	for _, row := range r.Rows {
		line := DocumentRow{row.Workload, row.Language, row.Calls, map[string]float64{}, map[string]float64{}, row.Choice().String()}
		for m := range modes {
			line.Seconds[m.String()], line.SpeedUp[m.String()] = row.Seconds[m], row.SpeedUp(m)
		}
		d.Rows = append(d.Rows, line)
	}
	return d
}
